import { describe, expect, test } from 'vitest';
import { createReader } from './reader.ts';

const HASH = `0x${'ab'.repeat(32)}` as const;
const BLOCK_HASH = `0x${'bc'.repeat(32)}` as const;
const ADDRESS = `0x${'cd'.repeat(20)}` as const;
const CHECKSUMMED = ADDRESS.replaceAll('cd', 'Cd');

const LOG = {
  address: CHECKSUMMED,
  topics: [HASH],
  data: '0xAA',
  blockNumber: '0x10',
  blockHash: BLOCK_HASH,
  transactionHash: HASH,
  transactionIndex: '0x0',
  logIndex: '0x3',
  removed: false,
};

const RECEIPT = {
  transactionHash: HASH,
  status: '0x1',
  blockNumber: '0x10',
  blockHash: BLOCK_HASH,
  gasUsed: '0x5208',
  effectiveGasPrice: '0x7',
  from: CHECKSUMMED,
  to: null,
  logs: [LOG],
};

const TRANSACTION = {
  hash: HASH,
  from: CHECKSUMMED,
  to: CHECKSUMMED,
  nonce: '0x5',
  input: '0x',
  value: '0xffffffffffffffffff',
  blockNumber: null,
  blockHash: null,
};

const BLOCK = {
  number: '0x10',
  hash: BLOCK_HASH,
  parentHash: HASH,
  timestamp: '0x64',
  baseFeePerGas: '0x7',
  gasLimit: '0x1c9c380',
  gasUsed: '0x0',
  transactions: [HASH],
};

/** A reader over a node that answers this to everything, and what was asked. */
function readerOf(answer: unknown) {
  const asked: [string, readonly unknown[]][] = [];
  const reader = createReader(async (method, params, decode) => {
    asked.push([method, params]);
    return decode(answer);
  });
  return { reader, asked };
}

const unusable = expect.objectContaining({ code: 'rpc_unusable_answer' });

describe('typed reads', () => {
  test('ask for blocks by height and tag, with hashes or whole transactions', async () => {
    const { reader, asked } = readerOf(BLOCK);
    const block = await reader.getBlock(16n);
    expect(block).toEqual({
      number: 16n,
      hash: BLOCK_HASH,
      parentHash: HASH,
      timestamp: 100n,
      baseFeePerGas: 7n,
      gasLimit: 30_000_000n,
      gasUsed: 0n,
      transactions: [HASH],
    });
    await reader.getBlock('finalized');
    expect(asked).toEqual([
      ['eth_getBlockByNumber', ['0x10', false]],
      ['eth_getBlockByNumber', ['finalized', false]],
    ]);
    const whole = await readerOf({ ...BLOCK, transactions: [TRANSACTION] }).reader.getBlock(16n, {
      transactions: true,
    });
    expect(whole?.transactions[0]).toMatchObject({
      hash: HASH,
      from: ADDRESS,
      nonce: 5,
      value: 2n ** 72n - 1n,
    });
  });

  test('know a block without a base fee', async () => {
    const { baseFeePerGas: _, ...block } = BLOCK;
    expect(await readerOf(block).reader.getBlock(16n)).toMatchObject({ baseFeePerGas: null });
  });

  test('read receipts with their logs in lower case', async () => {
    const receipt = await readerOf(RECEIPT).reader.getTransactionReceipt(HASH);
    expect(receipt).toMatchObject({ status: 1, blockNumber: 16n, gasUsed: 21_000n, from: ADDRESS, to: null });
    expect(receipt?.logs[0]).toEqual({
      address: ADDRESS,
      topics: [HASH],
      data: '0xaa',
      blockNumber: 16n,
      blockHash: BLOCK_HASH,
      transactionHash: HASH,
      transactionIndex: 0,
      logIndex: 3,
      removed: false,
    });
  });

  test('pass null through as the node not knowing', async () => {
    const { reader } = readerOf(null);
    expect(await reader.getBlock(1n)).toBeNull();
    expect(await reader.getTransactionReceipt(HASH)).toBeNull();
    expect(await reader.getTransaction(HASH)).toBeNull();
    expect(await reader.getPendingTransactions()).toBeNull();
  });

  test('ask for logs of a range or of one block', async () => {
    const { reader, asked } = readerOf([LOG]);
    const addresses = [ADDRESS];
    expect(await reader.getLogs({ addresses, topics: [[HASH]], fromBlock: 16n, toBlock: 16n })).toHaveLength(
      1,
    );
    await reader.getLogs({ addresses, topics: [null, HASH], blockHash: BLOCK_HASH });
    expect(asked).toEqual([
      ['eth_getLogs', [{ address: addresses, topics: [[HASH]], fromBlock: '0x10', toBlock: '0x10' }]],
      ['eth_getLogs', [{ address: addresses, topics: [null, HASH], blockHash: BLOCK_HASH }]],
    ]);
  });

  test('never ask for the logs of every contract', async () => {
    const { reader, asked } = readerOf([]);
    const all = reader.getLogs({ addresses: [], topics: [], fromBlock: 0n, toBlock: 1n });
    await expect(all).rejects.toMatchObject({ code: 'invariant' });
    expect(asked).toEqual([]);
  });

  test('write calls with quantities in hexadecimal', async () => {
    const { reader, asked } = readerOf('0x01');
    await reader.call({ from: ADDRESS, to: ADDRESS, data: '0x12', gas: 21_000n, value: 1n, block: 16n });
    await reader.call({ to: ADDRESS, data: '0x12' });
    await reader.estimateGas({ to: ADDRESS, data: '0x12' });
    await reader.getTransactionCount(ADDRESS, 'pending');
    expect(asked).toEqual([
      ['eth_call', [{ from: ADDRESS, to: ADDRESS, data: '0x12', gas: '0x5208', value: '0x1' }, '0x10']],
      ['eth_call', [{ to: ADDRESS, data: '0x12' }, 'latest']],
      ['eth_estimateGas', [{ to: ADDRESS, data: '0x12' }]],
      ['eth_getTransactionCount', [ADDRESS, 'pending']],
    ]);
  });
});

describe('an answer that is not usable', () => {
  test.each([
    ['a number', 16],
    ['a decimal string', '16'],
    ['an empty quantity', '0x'],
    ['null', null],
    ['an object', {}],
  ])('%s is no block number', async (_, answer) => {
    await expect(readerOf(answer).reader.blockNumber()).rejects.toEqual(unusable);
  });

  test.each(Object.keys(RECEIPT).filter((member) => member !== 'to'))(
    'a receipt without %s is refused',
    async (member) => {
      const receipt = { ...RECEIPT, [member]: undefined };
      await expect(readerOf(receipt).reader.getTransactionReceipt(HASH)).rejects.toEqual(unusable);
    },
  );

  test.each(Object.keys(LOG).filter((member) => member !== 'removed'))(
    'a log without %s is refused',
    async (member) => {
      const { reader } = readerOf([{ ...LOG, [member]: undefined }]);
      const logs = reader.getLogs({ addresses: [ADDRESS], topics: [], fromBlock: 0n, toBlock: 99n });
      await expect(logs).rejects.toEqual(unusable);
    },
  );

  test.each([
    ['status', '0x2'],
    ['transactionHash', BLOCK_HASH],
    ['blockHash', HASH],
    ['gasUsed', 21_000],
    ['logs', null],
  ])('a receipt whose %s is %j is refused', async (member, value) => {
    const receipt = { ...RECEIPT, [member]: value };
    await expect(readerOf(receipt).reader.getTransactionReceipt(HASH)).rejects.toEqual(unusable);
  });

  test('a block of another height, or a transaction or receipt of another hash, is refused', async () => {
    await expect(readerOf(RECEIPT).reader.getTransactionReceipt(BLOCK_HASH)).rejects.toEqual(unusable);
    await expect(readerOf(BLOCK).reader.getBlock(15n)).rejects.toEqual(unusable);
    await expect(readerOf(TRANSACTION).reader.getTransaction(BLOCK_HASH)).rejects.toEqual(unusable);
  });

  test('logs of other blocks or contracts than asked for are refused', async () => {
    const { reader } = readerOf([LOG]);
    const addresses = [ADDRESS];
    const outside = reader.getLogs({ addresses, topics: [], fromBlock: 17n, toBlock: 20n });
    await expect(outside).rejects.toEqual(unusable);
    const otherBlock = reader.getLogs({ addresses, topics: [], blockHash: HASH });
    await expect(otherBlock).rejects.toEqual(unusable);
    const stranger = [`0x${'11'.repeat(20)}`] as const;
    const otherContract = reader.getLogs({ addresses: stranger, topics: [], fromBlock: 0n, toBlock: 20n });
    await expect(otherContract).rejects.toEqual(unusable);
  });

  test('a nonce beyond what a number holds is refused', async () => {
    const count = readerOf('0xffffffffffffffff').reader.getTransactionCount(ADDRESS, 'latest');
    await expect(count).rejects.toEqual(unusable);
  });
});
