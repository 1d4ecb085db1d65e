import { type Hex, keccak256, parseEther, parseGwei, toFunctionSelector } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createRealPorts } from '../../ports/real-ports.ts';
import { type LocalChain, startLocalChain } from '../../sandbox/local-chain.ts';
import { type RpcProxy, startRpcProxy } from '../../sandbox/rpc-proxy.ts';
import { confirmedHead, finalBlock, isCanonical } from '../finality.ts';
import { createRpcClient } from './client.ts';
import { isExecutionRevert, revertData } from './failure-kinds.ts';
import type { RpcClient } from './types.ts';

const { rpc: transport, timers, random } = createRealPorts();
const STRANGER = '0x00000000000000000000000000000000000000aa';
/** Emits one empty log with a topic 0xaa when called: LOG1 of no data. */
const LOGGER_CODE: Hex = '0x60aa60006000a100';
/** Reverts with the four bytes 0xdeadbeef. */
const REVERTER_CODE: Hex = '0x63deadbeef60e01b60005260046000fd';
const LOGGER = '0x00000000000000000000000000000000000010aa';
const REVERTER = '0x00000000000000000000000000000000000010bb';
const TOPIC: Hex = `0x${'00'.repeat(31)}aa`;

let chain: LocalChain;
let proxy: RpcProxy;
let client: RpcClient;

function clientOf(...urls: string[]): RpcClient {
  return createRpcClient({ network: 'base', chainId: 31_337, urls, transport, timers, random });
}

// A chain for each test: a base fee outlives a snapshot, and a reorg makes snapshots useless.
beforeEach(async () => {
  chain = await startLocalChain({ slotsInAnEpoch: 1 });
  proxy = await startRpcProxy({ upstream: chain.url });
  client = clientOf(chain.url);
  await chain.setCode(LOGGER, LOGGER_CODE);
  await chain.setCode(REVERTER, REVERTER_CODE);
  await chain.mine(5);
});
afterEach(async () => {
  await proxy.stop();
  await chain.stop();
});

interface Wanted {
  readonly nonce: number;
  readonly to?: Hex;
  readonly gas?: bigint;
  readonly maxFeePerGas?: bigint;
  readonly value?: bigint;
  readonly chainId?: number;
  readonly key?: Hex;
}

/** Signs an EIP-1559 transaction of the second account, which nothing else in this file uses. */
function sign(wanted: Wanted): Promise<Hex> {
  const key = wanted.key ?? chain.accounts[1]?.privateKey ?? '0x';
  const { key: _, ...fields } = wanted;
  return privateKeyToAccount(key).signTransaction({
    type: 'eip1559',
    chainId: 31_337,
    to: LOGGER,
    gas: 100_000n,
    maxFeePerGas: parseGwei('10'),
    maxPriorityFeePerGas: parseGwei('1'),
    ...fields,
  });
}

describe('reads against a node', () => {
  test('agree on a transaction, its receipt, its block and its log', async () => {
    const sender = privateKeyToAccount(chain.accounts[1]?.privateKey ?? '0x').address.toLowerCase();
    const { hash } = await client.sendRawTransaction(await sign({ nonce: 0, value: 5n }));
    // Anvil answers a sender before the block is made.
    const receipt = await vi.waitFor(async () => {
      const found = await client.getTransactionReceipt(hash);
      if (found === null) throw new Error(`no receipt of ${hash} yet`);
      return found;
    }, 10_000);
    const transaction = await client.getTransaction(hash);
    const head = await client.blockNumber();
    const block = await client.getBlock(head, { transactions: true });
    expect(receipt).toMatchObject({
      transactionHash: hash,
      status: 1,
      from: sender,
      to: LOGGER,
      blockNumber: head,
    });
    expect(transaction).toMatchObject({ hash, from: sender, to: LOGGER, nonce: 0, input: '0x', value: 5n });
    expect(block).toMatchObject({ number: head, hash: receipt.blockHash, gasUsed: receipt.gasUsed });
    expect(block?.transactions).toEqual([transaction]);
    expect((await client.getBlock('latest'))?.transactions).toEqual([hash]);
    const filter = { addresses: [LOGGER] as const, topics: [TOPIC] };
    const logs = await client.getLogs({ ...filter, fromBlock: 0n, toBlock: head });
    expect(logs).toEqual(receipt.logs);
    expect(logs).toMatchObject([
      { address: LOGGER, topics: [TOPIC], data: '0x', blockNumber: head, removed: false },
    ]);
    expect(await client.getLogs({ ...filter, blockHash: receipt.blockHash })).toEqual(logs);
    expect(await client.getBalance(LOGGER)).toBe(5n);
    expect(await client.getBalance(LOGGER, head - 1n)).toBe(0n);
  });

  test('say null for what the node does not know', async () => {
    const hash = keccak256('0x01');
    expect(await client.getTransactionReceipt(hash)).toBeNull();
    expect(await client.getTransaction(hash)).toBeNull();
    expect(await client.getBlock(9_999n)).toBeNull();
    expect(await client.getCode(STRANGER)).toBe('0x');
    expect(await client.getCode(LOGGER)).toBe(LOGGER_CODE);
  });

  test('see waiting transactions and their nonce as pending only', async () => {
    await chain.setAutomine(false);
    const address = chain.accounts[1]?.address ?? '0x';
    const { hash } = await client.sendRawTransaction(await sign({ nonce: 0 }));
    expect(await client.getTransactionCount(address, 'latest')).toBe(0);
    expect(await client.getTransactionCount(address, 'pending')).toBe(1);
    expect(await client.getTransaction(hash)).toMatchObject({ blockNumber: null, blockHash: null });
    expect((await client.getPendingTransactions())?.map((transaction) => transaction.hash)).toEqual([hash]);
  });

  test('give gas, prices and the bytes of a revert', async () => {
    expect(await client.estimateGas({ from: STRANGER, to: LOGGER, data: '0x' })).toBeGreaterThan(21_000n);
    expect(await client.gasPrice()).toBeGreaterThan(0n);
    expect(await client.maxPriorityFeePerGas()).toBeGreaterThanOrEqual(0n);
    const call = { to: REVERTER, data: toFunctionSelector('anything()') } as const;
    for (const ask of [() => client.call(call), () => client.estimateGas(call)]) {
      const error: unknown = await ask().catch((cause: unknown) => cause);
      expect(isExecutionRevert(error)).toBe(true);
      expect(revertData(error)).toBe('0xdeadbeef');
    }
  });
});

describe('a broadcast to a node', () => {
  test('is accepted, then known while it waits, then too low once mined', async () => {
    await chain.setAutomine(false);
    const raw = await sign({ nonce: 0 });
    expect(await client.sendRawTransaction(raw)).toMatchObject({ outcome: 'accepted', hash: keccak256(raw) });
    expect((await client.sendRawTransaction(raw)).outcome).toBe('already_known');
    await chain.mine();
    expect((await client.sendRawTransaction(raw)).outcome).toBe('nonce_too_low');
  });

  test('of a replacement needs a higher fee', async () => {
    await chain.setAutomine(false);
    await client.sendRawTransaction(await sign({ nonce: 0 }));
    const same = await client.sendRawTransaction(await sign({ nonce: 0, value: 1n }));
    expect(same.outcome).toBe('underpriced');
    expect(same.reason).toContain('replacement transaction underpriced');
  });

  test('below the base fee is underpriced', async () => {
    await chain.setNextBlockBaseFee(parseGwei('50'));
    await chain.mine();
    const result = await client.sendRawTransaction(await sign({ nonce: 0 }));
    expect(result.outcome).toBe('underpriced');
    expect(result.reason).toContain('max fee per gas less than block base fee');
  });

  test('of more than the balance is insufficient funds', async () => {
    const result = await client.sendRawTransaction(await sign({ nonce: 0, value: parseEther('1000000') }));
    expect(result.outcome).toBe('insufficient_funds');
  });

  test('with a gap in the nonces is accepted and does not move the pending nonce', async () => {
    expect((await client.sendRawTransaction(await sign({ nonce: 3 }))).outcome).toBe('accepted');
    expect(await client.getTransactionCount(chain.accounts[1]?.address ?? '0x', 'pending')).toBe(0);
  });

  test.each([
    ['for another chain', { nonce: 0, chainId: 1 }],
    ['above the gas limit of a block', { nonce: 0, gas: 100_000_000n }],
  ])('%s is rejected', async (_, wanted) => {
    expect((await client.sendRawTransaction(await sign(wanted))).outcome).toBe('rejected');
  });

  test('of bytes that are no transaction is rejected', async () => {
    expect((await client.sendRawTransaction('0x1234')).outcome).toBe('rejected');
  });

  test('whose answer is lost is unknown, and was taken all the same', async () => {
    proxy.on('eth_sendRawTransaction', { kind: 'lose_answer' });
    const result = await clientOf(proxy.url).sendRawTransaction(await sign({ nonce: 0 }));
    expect(result.outcome).toBe('unknown');
    expect(await client.getTransactionReceipt(result.hash)).toMatchObject({ status: 1 });
  });
});

describe('several endpoints', () => {
  test('serve while the first is down, and the first again when it is back', async () => {
    const both = clientOf(proxy.url, chain.url);
    expect(await both.blockNumber()).toBe(await client.blockNumber());
    proxy.takeDown();
    expect(await both.blockNumber()).toBe(await client.blockNumber());
    expect(both.pinned().endpoint).toBe(1);
    expect((await both.checkEndpoints()).map(({ state }) => state)).toEqual(['unreachable', 'ok']);
    proxy.bringUp();
    expect((await both.checkEndpoints()).map(({ state }) => state)).toEqual(['ok', 'ok']);
    expect(both.pinned().endpoint).toBe(0);
  });

  test('do not mix: what a pinned view reads comes from one of them', async () => {
    const both = clientOf(proxy.url, chain.url);
    proxy.lagHead(2);
    const pinned = both.pinned();
    const head = await pinned.getBlock('latest');
    expect(head?.number).toBe((await client.blockNumber()) - 2n);
    expect(await both.other(pinned.endpoint)?.blockNumber()).toBe(await client.blockNumber());
  });

  test('of which one is on another chain, leave that one alone', async () => {
    const stranger = await startLocalChain({ chainId: 1 });
    const both = clientOf(stranger.url, chain.url);
    expect(await both.blockNumber()).toBe(await client.blockNumber());
    await expect(clientOf(stranger.url).blockNumber()).rejects.toMatchObject({ code: 'wrong_chain_id' });
    await stranger.stop();
  });
});

describe('finality of a node', () => {
  test('lags the head by the epochs, and a reorg replaces blocks above it', async () => {
    const rpc = client.pinned();
    const head = await client.blockNumber();
    expect((await finalBlock(rpc, 'finalized'))?.number).toBe(head - 2n);
    expect((await finalBlock(rpc, 'safe'))?.number).toBe(head - 1n);
    const deep = await confirmedHead(rpc, 3);
    const last = await confirmedHead(rpc, 0);
    expect(deep?.number).toBe(head - 3n);
    await chain.increaseTime(50);
    await chain.reorg(2);
    expect(await isCanonical(rpc, head, last?.hash ?? '0x')).toBe(false);
    expect(await isCanonical(rpc, head - 3n, deep?.hash ?? '0x')).toBe(true);
    expect(await isCanonical(rpc, head + 1n, last?.hash ?? '0x')).toBeNull();
  });

  test('at the start of a chain makes nothing final that is not', async () => {
    const young = await startLocalChain();
    const rpc = clientOf(young.url).pinned();
    expect((await finalBlock(rpc, 'finalized'))?.number ?? 0n).toBe(0n);
    expect(await finalBlock(rpc, 5)).toBeNull();
    await young.stop();
  });
});
