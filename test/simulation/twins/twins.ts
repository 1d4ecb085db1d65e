import type { Address, Hex } from 'viem';
import { numberToHex } from 'viem';
import { createRpcClient } from '../../../src/chain/rpc/client.ts';
import type { RpcClient } from '../../../src/chain/rpc/types.ts';
import type { RpcTransport } from '../../../src/ports/ports.ts';
import { createHttpClient } from '../../../src/ports/http-client.ts';
import { createRpcTransport } from '../../../src/ports/rpc-transport.ts';
import { systemRandom, systemTimers } from '../../../src/ports/system.ts';
import type { DevWallet } from '../../../src/sandbox/dev-wallet.ts';
import type { LocalChain } from '../../../src/sandbox/local-chain.ts';
import { startLocalChain } from '../../../src/sandbox/local-chain.ts';
import { deployTestVault } from '../../../src/sandbox/test-vault.ts';
import { roleCall } from '../../../src/vault/calls.ts';
import type { RoleName } from '../../../src/vault/roles.ts';
import type { Chain } from '../chain/chain.ts';
import { createChain, GENESIS_HEIGHT } from '../chain/chain.ts';
import { placesOf } from '../chain/execute.ts';
import { answer } from '../chain/node.ts';
import type { VaultPlace } from '../chain/state.ts';
import { emptyVault } from '../chain/state.ts';
import type { CheapKey } from '../keys.ts';
import { createCheapKey } from '../keys.ts';

/** The simulated chain beside a real one with the real contracts, both in the same state at the beginning. */

const CHAIN_ID = 8453;
const GWEI = 10n ** 9n;
const ETHER = 10n ** 18n;
/** Of a slot; `finalized` is two epochs behind the head. */
const EPOCH_BLOCKS = 2;
const CERTIFIED_UNTIL = 4_102_444_800n;

export const KEYS = {
  owner: createCheapKey('owner of the twins'),
  issuer: createCheapKey('issuer of the twins'),
  /** May mint and burn too. */
  other: createCheapKey('other issuer of the twins'),
  holder: createCheapKey('holder of the twins'),
  /** Has enough for one transaction that does nothing, and too little for the next. */
  poor: createCheapKey('poor one of the twins'),
} as const satisfies Readonly<Record<string, CheapKey>>;
const POOR_WEI = 21_000n * 21n * GWEI;

/** What the service can ask, and what only a test can do. */
export interface Side {
  readonly name: string;
  readonly rpc: RpcClient;
  /** Makes a block at this time, in seconds since the Unix epoch. */
  mine(timestamp: bigint): Promise<void>;
  drop(hash: Hex): Promise<void>;
  /** Replaces the last blocks by empty ones. */
  reorg(depth: number): Promise<void>;
}

export interface Twins {
  readonly real: Side;
  readonly model: Side;
  readonly vaults: readonly VaultPlace[];
  /** The highest block that the two have not in common. */
  readonly genesis: number;
  mine(afterSeconds?: number): Promise<void>;
  stop(): Promise<void>;
}

export async function startTwins(): Promise<Twins> {
  const anvil = await startLocalChain({
    chainId: CHAIN_ID,
    slotsInAnEpoch: EPOCH_BLOCKS,
    baseFee: GWEI,
    // A block takes what came first; real ones take who pays most, and the service must not rely on either.
    extraArgs: ['--order', 'fifo', '--no-mining'],
  });
  try {
    const vaults = await furnish(anvil);
    const epoch = await timeOf(anvil);
    const clock = { nowMs: 0 };
    const chain = await modelOf(anvil, vaults, epoch, () => clock.nowMs);
    const transport = createRpcTransport(createHttpClient());
    const real: Side = {
      name: 'real',
      rpc: clientOf(anvil.url, transport),
      async mine(timestamp) {
        await anvil.setNextBlockBaseFee(GWEI);
        await anvil.rpc('evm_setNextBlockTimestamp', [numberToHex(timestamp)]);
        await anvil.mine();
      },
      async drop(hash) {
        await anvil.dropTransaction(hash);
      },
      reorg: (depth) => anvil.reorg(depth),
    };
    const model = modelSide(chain);
    return {
      real,
      model,
      vaults,
      genesis: GENESIS_HEIGHT,
      async mine(afterSeconds = 2) {
        // A reorg of Anvil's goes by a clock of its own, which may be ahead.
        const least = Number((await timeOf(anvil)) - epoch) + 1;
        clock.nowMs = Math.max(clock.nowMs + afterSeconds * 1000, least * 1000);
        const timestamp = epoch + BigInt(clock.nowMs / 1000);
        await real.mine(timestamp);
        await model.mine(timestamp);
      },
      stop: () => anvil.stop(),
    };
  } catch (error) {
    await anvil.stop();
    throw error;
  }
}

function modelSide(chain: Chain): Side {
  return {
    name: 'model',
    rpc: clientOf('http://model', async ({ method, params }) => answer(chain, chain.head(), method, params)),
    async mine() {
      chain.mine();
    },
    async drop(hash) {
      chain.drop((it) => it.hash === hash);
    },
    async reorg(depth) {
      chain.reorg(depth, () => true, false);
    },
  };
}

function clientOf(url: string, transport: RpcTransport): RpcClient {
  const ports = { timers: systemTimers, random: systemRandom };
  return createRpcClient({ network: 'twin', urls: [url], chainId: CHAIN_ID, transport, ...ports });
}

/** Deploys a vault of each family, gives out the roles and money, and mines up to the common beginning. */
async function furnish(anvil: LocalChain): Promise<readonly VaultPlace[]> {
  for (const { address } of Object.values(KEYS)) await anvil.setBalance(address, 1_000n * ETHER);
  await anvil.setBalance(KEYS.poor.address, POOR_WEI);
  const owner = KEYS.owner.address;
  await anvil.impersonate(owner);
  const wallet = impersonated(anvil, owner);
  const vaults: VaultPlace[] = [];
  for (const family of ['production', 'clone'] as const) {
    const symbol = `t${family}`;
    const issuer = KEYS.issuer.address;
    const vault = await deployTestVault({ chain: anvil, deployer: wallet, issuer, symbol, family });
    for (const role of ['DEPOSIT', 'WITHDRAW'] as const) {
      await wallet.send({ to: vault.authorizer, data: roleCall('grant', role, KEYS.other.address) });
    }
    await wallet.send({ to: vault.address, data: vault.encode('certify', [CERTIFIED_UNTIL, true, '0x']) });
    const { address, receipt, authorizer } = vault;
    vaults.push({ address, receipt, authorizer, owner, underlying: symbol, token: symbol, family });
  }
  await anvil.stopImpersonating(owner);
  await anvil.setBalance(owner, 1_000n * ETHER);
  const left = GENESIS_HEIGHT - Number(await anvil.rpc('eth_blockNumber'));
  if (left < 0) throw new RangeError(`the vaults took ${String(-left)} blocks too many`);
  if (left > 0) await anvil.mine(left);
  return vaults;
}

/** A wallet whose key the chain does without. Its transactions go one after another: the chain counts its nonces. */
function impersonated(anvil: LocalChain, from: Address): DevWallet {
  let last: Promise<unknown> = Promise.resolve();
  const submit: DevWallet['submit'] = async (transaction) =>
    (await anvil.rpc('eth_sendTransaction', [
      { from, gas: numberToHex(20_000_000n), ...transaction },
    ])) as Hex;
  const send: DevWallet['send'] = async (transaction) => {
    const hash = await submit(transaction);
    await anvil.mine();
    const receipt = (await anvil.rpc('eth_getTransactionReceipt', [hash])) as {
      status: Hex;
      blockNumber: Hex;
      contractAddress: Address | null;
    } | null;
    if (receipt?.status !== '0x1') throw new Error(`transaction ${hash} reverted, or is in no block`);
    const { blockNumber, contractAddress } = receipt;
    return { hash, blockNumber: BigInt(blockNumber), contractAddress };
  };
  return {
    address: from,
    submit,
    send(transaction) {
      const next = last.then(() => send(transaction));
      last = next;
      return next;
    },
  };
}

async function timeOf(anvil: LocalChain): Promise<bigint> {
  const block = (await anvil.rpc('eth_getBlockByNumber', ['latest', false])) as { timestamp: Hex };
  return BigInt(block.timestamp);
}

async function modelOf(
  anvil: LocalChain,
  vaults: readonly VaultPlace[],
  epoch: bigint,
  nowMs: () => number,
): Promise<Chain> {
  const keys = Object.values(KEYS);
  const nonces = new Map<Address, number>();
  const wei = new Map<Address, bigint>();
  for (const { address } of keys) {
    nonces.set(address, Number(await anvil.rpc('eth_getTransactionCount', [address, 'latest'])));
    wei.set(address, BigInt((await anvil.rpc('eth_getBalance', [address, 'latest'])) as Hex));
  }
  const states = vaults.map(({ address, owner }) => {
    const state = emptyVault();
    state.certifiedUntil = CERTIFIED_UNTIL;
    const issuers = (): Set<Address> => new Set([KEYS.issuer.address, KEYS.other.address]);
    state.roles
      .set('DEPOSIT', issuers())
      .set('WITHDRAW', issuers())
      .set('CERTIFY', new Set([owner]));
    return [address, state] as const;
  });
  return createChain({
    chainId: CHAIN_ID,
    network: 'twin',
    places: placesOf(vaults),
    keys,
    genesis: { nonces, wei, vaults: new Map(states) },
    finalDepth: 2 * EPOCH_BLOCKS,
    nowMs,
    epoch,
    salt: 'twin',
  });
}

export const ROLES: readonly RoleName[] = ['DEPOSIT', 'WITHDRAW', 'CERTIFY'];
