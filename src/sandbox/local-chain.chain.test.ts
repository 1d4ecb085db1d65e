import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { parseEther, parseGwei } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type LocalChain, startLocalChain } from './local-chain.ts';

const STRANGER = '0x00000000000000000000000000000000000000aa';

describe('a local chain', () => {
  let chain: LocalChain;
  beforeEach(async () => {
    chain = await startLocalChain({ chainId: 4242, slotsInAnEpoch: 1, baseFee: parseGwei('7') });
  });
  afterEach(() => chain.stop());

  const head = async () => BigInt(String(await chain.rpc('eth_blockNumber')));
  const hashAt = async (number: string) => {
    const block = await chain.rpc('eth_getBlockByNumber', [number, false]);
    return (block as { hash: string }).hash;
  };

  test('answers on its chain id, with the base fee asked for', async () => {
    expect(await chain.rpc('eth_chainId')).toBe('0x1092');
    const genesis = await chain.rpc('eth_getBlockByNumber', ['0x0', false]);
    expect(genesis).toMatchObject({ baseFeePerGas: '0x1a13b8600' });
  });

  test('knows the keys of its funded accounts', async () => {
    expect(chain.accounts).toHaveLength(10);
    for (const { address, privateKey } of chain.accounts) {
      expect(privateKeyToAccount(privateKey).address).toBe(address);
      expect(await chain.rpc('eth_getBalance', [address, 'latest'])).toBe('0x21e19e0c9bab2400000');
    }
  });

  test('mines on demand and keeps the base fee that is set', async () => {
    await chain.setNextBlockBaseFee(123n);
    await chain.mine();
    expect(await chain.rpc('eth_getBlockByNumber', ['latest', false])).toMatchObject({
      baseFeePerGas: '0x7b',
    });
    await chain.mine(5);
    expect(await head()).toBe(6n);
  });

  test('replaces blocks in a reorg and takes them away in a rollback', async () => {
    await chain.mine(4);
    const [second, third] = [await hashAt('0x2'), await hashAt('0x3')];
    await chain.increaseTime(100);
    await chain.reorg(2);
    expect(await head()).toBe(4n);
    expect(await hashAt('0x2')).toBe(second);
    expect(await hashAt('0x3')).not.toBe(third);
    await chain.rollback(1);
    expect(await head()).toBe(3n);
  });

  test('returns to a snapshot', async () => {
    const snapshot = await chain.snapshot();
    await chain.setBalance(STRANGER, 5n);
    expect(await chain.rpc('eth_getBalance', [STRANGER, 'latest'])).toBe('0x5');
    await chain.revert(snapshot);
    expect(await chain.rpc('eth_getBalance', [STRANGER, 'latest'])).toBe('0x0');
    await expect(chain.revert(snapshot)).rejects.toThrow('no snapshot');
  });

  test('drops a waiting transaction of an impersonated sender', async () => {
    await chain.setAutomine(false);
    await chain.setBalance(STRANGER, parseEther('1'));
    await chain.impersonate(STRANGER);
    const call = { from: STRANGER, to: STRANGER, value: '0x1' };
    const hash = (await chain.rpc('eth_sendTransaction', [call])) as `0x${string}`;
    expect(await chain.dropTransaction(hash)).toBe(true);
    expect(await chain.dropTransaction(hash)).toBe(false);
    await chain.mine();
    expect(await chain.rpc('eth_getTransactionCount', [STRANGER, 'latest'])).toBe('0x0');
  });

  test('is gone after stop, which may be called again', async () => {
    await chain.stop();
    await chain.stop();
    expect(() => process.kill(chain.pid, 0)).toThrow('ESRCH');
    await expect(chain.rpc('eth_chainId')).rejects.toMatchObject({ kind: 'unreachable' });
  });
});

test('a chain that cannot start says why', async () => {
  const starting = startLocalChain({ extraArgs: ['--no-such-flag'] });
  await expect(starting).rejects.toMatchObject({
    code: 'local_chain_failed',
    message: expect.stringContaining('--no-such-flag') as unknown,
  });
});

test('a chain ends with the process that started it', async () => {
  const module = JSON.stringify(new URL('local-chain.ts', import.meta.url).href);
  const program = `const { startLocalChain } = await import(${module});
    const chain = await startLocalChain();
    process.stdout.write(String(chain.pid));
    process.exit(0);`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program]);
  const pid = Number(stdout);
  expect(pid).toBeGreaterThan(0);
  // The kill is sent before the parent ends; `tail` waits for the process to be gone.
  const [code] = (await once(spawn('tail', [`--pid=${String(pid)}`, '-f', '/dev/null']), 'exit')) as [number];
  expect(code).toBe(0);
});
