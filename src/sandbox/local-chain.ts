import { type ChildProcess, spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';
import { LOCAL_CHAIN_ID } from '../chain/networks.ts';
import { createHttpClient } from '../ports/http-client.ts';
import { createRpcTransport } from '../ports/rpc-transport.ts';
import { systemTimers } from '../ports/system.ts';
import { IssuanceError } from '../primitives/failures.ts';
import { createChainControls, type ChainControls } from './chain-controls.ts';
import { type DevAccount, devAccounts } from './dev-accounts.ts';

const ANVIL_PACKAGE = '@foundry-rs/anvil-linux-amd64';
const START_TIMEOUT_MS = 20_000;
const STOP_TIMEOUT_MS = 5_000;
const RPC_TIMEOUT_MS = 60_000;
/** How much of Anvil's last output is kept for error messages. */
const KEPT_OUTPUT_CHARACTERS = 4_000;

export interface LocalChainOptions {
  /** A block this often. Without it, a block for every transaction. */
  readonly blockTimeSeconds?: number;
  /** Default 31337. */
  readonly chainId?: number;
  /** 0, the default, takes a free port. */
  readonly port?: number;
  /** `safe` and `finalized` lag the head by one and two times this; default 32. */
  readonly slotsInAnEpoch?: number;
  /** Block gas limit; default 30 million. */
  readonly gasLimit?: bigint;
  /** How many funded development accounts there are; default 10. */
  readonly accounts?: number;
  /** File with a state that an Anvil dumped. */
  readonly loadState?: string;
  /** Base fee of the first block in wei; default 1 gwei. */
  readonly baseFee?: bigint;
  /** More arguments for Anvil, as on its command line. */
  readonly extraArgs?: readonly string[];
}

export interface LocalChain extends ChainControls {
  readonly url: string;
  readonly wsUrl: string;
  readonly chainId: number;
  readonly pid: number;
  /** Funded accounts of Anvil's default mnemonic. Everyone knows their keys. */
  readonly accounts: readonly DevAccount[];
  /** Sends one JSON-RPC request; rejects with `RpcFailure`. */
  rpc(method: string, params?: readonly unknown[]): Promise<unknown>;
  /** Ends the chain and resolves when its process is gone. May be called more than once. */
  stop(): Promise<void>;
}

/**
 * Starts a local chain (Anvil, bound to 127.0.0.1) and resolves when it listens.
 *
 * The chain ends with this process when that exits in an orderly way; on a signal the caller must call
 * `stop`, since a signal without a handler skips exit hooks. Fails with `local_chain_unavailable` where the
 * platform's package is missing and with `local_chain_failed` when Anvil does not come up.
 */
export async function startLocalChain(options: LocalChainOptions = {}): Promise<LocalChain> {
  const chainId = options.chainId ?? LOCAL_CHAIN_ID;
  const child = spawn(anvilBinary(), anvilArguments(options, chainId), { stdio: ['ignore', 'pipe', 'pipe'] });
  const killWithParent = () => {
    child.kill('SIGKILL');
  };
  process.once('exit', killWithParent);
  const gone = new Promise<void>((resolve) => {
    child.once('close', () => {
      process.removeListener('exit', killWithParent);
      resolve();
    });
  });
  const port = await listeningPort(child);
  const url = `http://127.0.0.1:${String(port)}`;
  const transport = createRpcTransport(createHttpClient());
  const rpc = (method: string, params: readonly unknown[] = []) =>
    transport({ url, method, params, timeoutMs: RPC_TIMEOUT_MS });
  return {
    ...createChainControls(rpc),
    url,
    wsUrl: `ws://127.0.0.1:${String(port)}`,
    chainId,
    pid: child.pid ?? 0,
    accounts: devAccounts(options.accounts ?? 10),
    rpc,
    stop: () => endChild(child, gone),
  };
}

function anvilBinary(): string {
  try {
    const manifest = createRequire(import.meta.url).resolve(`${ANVIL_PACKAGE}/package.json`);
    return path.join(path.dirname(manifest), 'bin', 'anvil');
  } catch (cause) {
    throw new IssuanceError(
      'local_chain_unavailable',
      `the local chain needs the npm package ${ANVIL_PACKAGE} (Linux on x86-64), which is missing here ` +
        `(${process.platform}, ${process.arch}); run npm ci on such a machine`,
      { cause },
    );
  }
}

function anvilArguments(options: LocalChainOptions, chainId: number): string[] {
  const args = ['--host', '127.0.0.1', '--port', String(options.port ?? 0), '--chain-id', String(chainId)];
  const add = (flag: string, value: string | number | bigint | undefined) => {
    if (value !== undefined) args.push(flag, String(value));
  };
  add('--block-time', options.blockTimeSeconds);
  add('--slots-in-an-epoch', options.slotsInAnEpoch);
  add('--gas-limit', options.gasLimit);
  add('--accounts', options.accounts);
  add('--load-state', options.loadState);
  add('--block-base-fee-per-gas', options.baseFee);
  return [...args, ...(options.extraArgs ?? [])];
}

/** Waits for the line in which Anvil names its port, and goes on draining its output after that. */
function listeningPort(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    let output = '';
    const fail = (why: string, cause?: unknown) => {
      cancelTimeout();
      child.kill('SIGKILL');
      reject(new IssuanceError('local_chain_failed', `the local chain ${why}: ${output.trim()}`, { cause }));
    };
    const cancelTimeout = systemTimers.after(START_TIMEOUT_MS, () => {
      fail(`did not listen within ${String(START_TIMEOUT_MS)} ms`);
    });
    const onOutput = (chunk: Buffer) => {
      output = (output + chunk.toString('utf8')).slice(-KEPT_OUTPUT_CHARACTERS);
      const port = /^Listening on 127\.0\.0\.1:(\d+)\s*$/m.exec(output)?.[1];
      if (port === undefined) return;
      cancelTimeout();
      child.stdout?.removeListener('data', onOutput).resume();
      child.stderr?.removeListener('data', onOutput).resume();
      resolve(Number(port));
    };
    child.stdout?.on('data', onOutput);
    child.stderr?.on('data', onOutput);
    child.once('error', (error) => {
      fail('could not be started', error);
    });
    child.once('close', (code, signal) => {
      fail(`ended with ${String(code ?? signal)} before it listened`);
    });
  });
}

async function endChild(child: ChildProcess, gone: Promise<void>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) {
    await gone;
    return;
  }
  child.kill('SIGTERM');
  const cancelKill = systemTimers.after(STOP_TIMEOUT_MS, () => {
    child.kill('SIGKILL');
  });
  await gone;
  cancelKill();
}

export type { DevAccount } from './dev-accounts.ts';
