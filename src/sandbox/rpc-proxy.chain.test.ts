import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createHttpClient } from '../ports/http-client.ts';
import { createRpcTransport } from '../ports/rpc-transport.ts';
import { type LocalChain, startLocalChain } from './local-chain.ts';
import { type RpcProxy, startRpcProxy } from './rpc-proxy.ts';

const transport = createRpcTransport(createHttpClient());

describe('a proxy in front of a node', () => {
  let chain: LocalChain;
  let proxy: RpcProxy;
  beforeAll(async () => {
    chain = await startLocalChain();
    await chain.mine(10);
  });
  afterAll(() => chain.stop());
  beforeEach(async () => {
    proxy = await startRpcProxy({ upstream: chain.url });
  });
  afterEach(() => proxy.stop());

  const ask = (method: string, ...params: unknown[]) =>
    transport({ url: proxy.url, method, params, timeoutMs: 10_000 });
  const sendOne = async () => {
    const [from] = chain.accounts;
    return ask('eth_sendTransaction', { from: from?.address, to: from?.address });
  };

  test('passes on what it has no rule for, and counts it', async () => {
    expect(await ask('eth_chainId')).toBe('0x7a69');
    await expect(ask('eth_nothing')).rejects.toMatchObject({ kind: 'answered', rpcCode: -32601 });
    expect(proxy.count('eth_chainId')).toBe(1);
    expect(proxy.count()).toBe(2);
    expect(proxy.requests()[1]).toMatchObject({ method: 'eth_nothing', params: [] });
  });

  test('cuts the connection before the node acts, or after', async () => {
    const before = await chain.rpc('eth_blockNumber');
    proxy.on('eth_sendTransaction', { kind: 'drop' }, 1);
    await expect(sendOne()).rejects.toMatchObject({ kind: 'unreachable' });
    expect(await chain.rpc('eth_blockNumber')).toBe(before);
    proxy.on('eth_sendTransaction', { kind: 'lose_answer' }, 1);
    await expect(sendOne()).rejects.toMatchObject({ kind: 'unreachable' });
    expect(await chain.rpc('eth_blockNumber')).not.toBe(before);
    expect(await sendOne()).toMatch(/^0x/);
  });

  test('answers made-up errors, results and HTTP statuses', async () => {
    const end = proxy.on('eth_chainId', { kind: 'error', code: -32000, message: 'bad day', data: '0x01' });
    await expect(ask('eth_chainId')).rejects.toMatchObject({ rpcCode: -32000, data: '0x01' });
    end();
    proxy.on('eth_chainId', { kind: 'result', result: '0x1' });
    expect(await ask('eth_chainId')).toBe('0x1');
    proxy.rateLimit();
    await expect(ask('eth_gasPrice')).rejects.toMatchObject({ kind: 'unreachable', httpStatus: 429 });
    proxy.reset();
    expect(await ask('eth_chainId')).toBe('0x7a69');
  });

  test('changes the true result', async () => {
    proxy.on('eth_blockNumber', { kind: 'change', change: (result) => `${String(result)}00` });
    expect(await ask('eth_blockNumber')).toBe(`${String(await chain.rpc('eth_blockNumber'))}00`);
  });

  test('holds a request until it is let go', async () => {
    const letGo = proxy.hold('eth_chainId');
    const arrived = proxy.waitForRequest('eth_chainId');
    let isAnswered = false;
    const answer = ask('eth_chainId').finally(() => {
      isAnswered = true;
    });
    expect(await arrived).toMatchObject({ method: 'eth_chainId' });
    // Another whole exchange passes while the first is held.
    await ask('eth_blockNumber');
    expect(isAnswered).toBe(false);
    letGo();
    expect(await answer).toBe('0x7a69');
  });

  test('goes down and comes up', async () => {
    proxy.takeDown();
    await expect(ask('eth_chainId')).rejects.toMatchObject({ kind: 'unreachable' });
    proxy.bringUp();
    expect(await ask('eth_chainId')).toBe('0x7a69');
  });

  test('hides receipts', async () => {
    const hash = await sendOne();
    const end = proxy.nullReceipts();
    expect(await ask('eth_getTransactionReceipt', hash)).toBeNull();
    end();
    expect(await ask('eth_getTransactionReceipt', hash)).toMatchObject({ transactionHash: hash });
  });

  test('lags its head consistently', async () => {
    const [account] = chain.accounts;
    const nonceBefore = await ask('eth_getTransactionCount', account?.address, 'latest');
    const hash = await sendOne();
    await chain.mine(2);
    const head = BigInt(String(await chain.rpc('eth_blockNumber')));
    proxy.lagHead(3);
    expect(await ask('eth_blockNumber')).toBe(`0x${(head - 3n).toString(16)}`);
    expect(await ask('eth_getBlockByNumber', 'latest', false)).toMatchObject({
      number: `0x${(head - 3n).toString(16)}`,
    });
    expect(await ask('eth_getBlockByNumber', `0x${head.toString(16)}`, false)).toBeNull();
    expect(await ask('eth_getTransactionReceipt', hash)).toBeNull();
    expect(await ask('eth_getTransactionByHash', hash)).toMatchObject({ hash, blockNumber: null });
    expect(await ask('eth_getTransactionCount', account?.address, 'latest')).toBe(nonceBefore);
    proxy.lagHead(2);
    expect(await ask('eth_getTransactionReceipt', hash)).toMatchObject({ transactionHash: hash });
  });
});
