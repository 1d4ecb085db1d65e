import { keccak256 } from 'viem';
import { describe, expect, test, vi } from 'vitest';
import { IssuanceError, RpcFailure } from '../../primitives/failures.ts';
import { createRpcClient } from './client.ts';
import type { RpcMetric } from './types.ts';

type Answer = unknown;
type Node = (method: string, params: readonly unknown[]) => Answer;

const HASH = `0x${'ab'.repeat(32)}` as const;
const ADDRESS = `0x${'Cd'.repeat(20)}` as const;

function down(method: string, httpStatus?: number): RpcFailure {
  const status = httpStatus === undefined ? {} : { httpStatus };
  return new RpcFailure(`${method}: no answer`, { kind: 'unreachable', method, ...status });
}

function refused(method: string, message: string, rpcCode = -32000): RpcFailure {
  return new RpcFailure(`${method}: ${message}`, { kind: 'answered', method, rpcCode });
}

/** Nodes behind a transport, on a clock that only moves when told; they are on chain 8453 unless they say otherwise. */
function networkOf(...nodes: Node[]) {
  let nowMs = 1_000;
  const sent: string[] = [];
  const metrics: RpcMetric[] = [];
  const urls = nodes.map((_, index) => `https://user:pass@node${String(index)}.test/v2/secret-key`);
  const client = createRpcClient({
    network: 'base',
    chainId: 8453,
    urls,
    timers: { after: () => () => undefined, defer: () => undefined, monotonicMs: () => nowMs },
    random: { bytes: (length) => new Uint8Array(length), fraction: () => 0 },
    onRequest: (metric) => metrics.push(metric),
    transport: async ({ url, method, params }) => {
      const index = urls.indexOf(url);
      sent.push(`${String(index)} ${method}`);
      const answer = await nodes[index]?.(method, params);
      if (answer instanceof Error) throw answer;
      return answer === undefined && method === 'eth_chainId' ? '0x2105' : answer;
    },
  });
  return {
    client,
    sent,
    metrics,
    pass: (ms: number) => {
      nowMs += ms;
    },
  };
}

const only =
  (method: string, answer: Answer): Node =>
  (asked) =>
    asked === method ? answer : undefined;

async function failureOf(promise: Promise<unknown>): Promise<IssuanceError> {
  const error = await promise.catch((cause: unknown) => cause);
  expect(error).toBeInstanceOf(IssuanceError);
  return error as IssuanceError;
}

describe('the chain id', () => {
  test('is checked once before the first use, also of many at once', async () => {
    const { client, sent } = networkOf(only('eth_blockNumber', '0x10'));
    expect(await Promise.all([client.blockNumber(), client.blockNumber()])).toEqual([16n, 16n]);
    expect(await client.blockNumber()).toBe(16n);
    expect(sent.filter((line) => line === '0 eth_chainId')).toHaveLength(1);
    expect(sent[0]).toBe('0 eth_chainId');
  });

  test('is checked again after the endpoint was unreachable', async () => {
    let isUp = true;
    let chainId = '0x2105';
    const { client, sent } = networkOf((method) => {
      if (!isUp) return down(method);
      return method === 'eth_chainId' ? chainId : '0x10';
    });
    await client.blockNumber();
    isUp = false;
    await failureOf(client.blockNumber());
    isUp = true;
    chainId = '0x1';
    const failure = await failureOf(client.blockNumber());
    expect(failure.code).toBe('wrong_chain_id');
    expect(sent.at(-1)).toBe('0 eth_chainId');
  });

  test('keeps an endpoint of another chain from any use, naming network, ids and origin only', async () => {
    const { client, sent } = networkOf((method) => (method === 'eth_chainId' ? '0x1' : '0x10'));
    const failure = await failureOf(client.blockNumber());
    expect(failure).toMatchObject({
      code: 'wrong_chain_id',
      details: { network: 'base', expected: 8453, got: '1', origin: 'https://node0.test' },
    });
    expect(failure.message).toContain('base endpoint 0 (https://node0.test) is on chain 1, expected 8453');
    expect(failure.message).not.toMatch(/secret|pass/);
    expect((await client.sendRawTransaction('0x02')).outcome).toBe('unknown');
    await failureOf(client.pinned().blockNumber());
    expect(new Set(sent)).toEqual(new Set(['0 eth_chainId']));
  });

  test('of one endpoint being wrong leaves the others in use', async () => {
    const { client, sent } = networkOf(only('eth_chainId', '0x1'), only('eth_blockNumber', '0x10'));
    expect(await client.blockNumber()).toBe(16n);
    sent.length = 0;
    expect(await client.blockNumber()).toBe(16n);
    expect(sent).toEqual(['1 eth_blockNumber']);
    expect(await client.checkEndpoints()).toMatchObject([
      { endpoint: 0, state: 'wrong_chain', origin: 'https://node0.test' },
      { endpoint: 1, state: 'ok', error: null },
    ]);
  });
});

describe('fail-over', () => {
  test.each([
    ['no answer', (method: string) => down(method)],
    ['429', (method: string) => down(method, 429)],
    ['503', (method: string) => down(method, 503)],
    [
      'an error object with 500',
      (method: string) =>
        new RpcFailure('oops', { kind: 'answered', method, rpcCode: -32603, httpStatus: 500 }),
    ],
    ['a rate limit in an error object', (method: string) => refused(method, 'rate limit exceeded', -32005)],
    ['an answer that does not parse', () => 'not a quantity'],
  ])('moves on after %s', async (_, answer) => {
    const first: Node = (method) => (method === 'eth_chainId' ? undefined : answer(method));
    const { client, metrics } = networkOf(first, only('eth_blockNumber', '0x10'));
    expect(await client.blockNumber()).toBe(16n);
    expect(metrics.map(({ endpoint, method }) => `${String(endpoint)} ${method}`)).toEqual([
      '0 eth_chainId',
      '0 eth_blockNumber',
      '1 eth_chainId',
      '1 eth_blockNumber',
    ]);
  });

  test('does not ask elsewhere what was answered', async () => {
    const first: Node = (method) =>
      method === 'eth_call' ? refused(method, 'execution reverted', 3) : undefined;
    const { client, sent } = networkOf(first, only('eth_call', '0x'));
    const failure = await failureOf(client.call({ to: ADDRESS, data: '0x' }));
    expect(failure).toMatchObject({ kind: 'answered', rpcCode: 3 });
    expect(sent).toEqual(['0 eth_chainId', '0 eth_call']);
  });

  test('takes null as an answer', async () => {
    const { client, sent } = networkOf(only('eth_getTransactionReceipt', null), () => undefined);
    expect(await client.getTransactionReceipt(HASH)).toBeNull();
    expect(sent).toHaveLength(2);
  });

  test('ends after one pass, as unreachable, with every reason and no secret', async () => {
    const { client, sent } = networkOf(
      (method) => down(method),
      (method) => down(method, 429),
    );
    const failure = await failureOf(client.blockNumber());
    expect(failure).toMatchObject({ kind: 'unreachable', method: 'eth_blockNumber', httpStatus: 429 });
    expect(failure.message).toMatch(/https:\/\/node0\.test.*https:\/\/node1\.test/);
    expect(failure.message).not.toContain('secret');
    expect(sent).toEqual(['0 eth_chainId', '1 eth_chainId']);
  });

  test('does not hide a programming error', async () => {
    const { client } = networkOf(() => new TypeError('a mistake'));
    await expect(client.blockNumber()).rejects.toThrow(TypeError);
  });

  test('hides the URL where a transport repeats it', async () => {
    const url = 'https://user:pass@node0.test/v2/secret-key';
    const { client } = networkOf(
      (method) => new RpcFailure(`cannot reach ${url}`, { kind: 'unreachable', method }),
    );
    expect((await failureOf(client.blockNumber())).message).toContain('cannot reach https://node0.test');
  });
});

describe('rest after a failure', () => {
  /** A first node that can be cut off, in front of one that is well. */
  function pair() {
    const state = { isDown: true };
    const parts = networkOf(
      (method) => (state.isDown ? down(method) : method === 'eth_blockNumber' ? '0x1' : undefined),
      only('eth_blockNumber', '0x2'),
    );
    return { ...parts, state };
  }

  test('spares the endpoint until it ends, then tries it first again', async () => {
    const { client, sent, state, pass } = pair();
    await client.blockNumber();
    state.isDown = false;
    sent.length = 0;
    pass(499);
    expect(await client.blockNumber()).toBe(2n);
    expect(sent).toEqual(['1 eth_blockNumber']);
    pass(1);
    expect(await client.blockNumber()).toBe(1n);
  });

  test('doubles with failures in a row, and is over after a success', async () => {
    const { client, sent, state, pass } = pair();
    const triesAfter = async (ms: number) => {
      pass(ms);
      sent.length = 0;
      await client.blockNumber();
      return sent.includes('0 eth_chainId');
    };
    expect(await triesAfter(0)).toBe(true);
    expect(await triesAfter(500)).toBe(true);
    expect(await triesAfter(999)).toBe(false);
    expect(await triesAfter(1)).toBe(true);
    state.isDown = false;
    expect(await triesAfter(2000)).toBe(true);
    state.isDown = true;
    await client.blockNumber();
    expect(await triesAfter(499)).toBe(false);
    expect(await triesAfter(1)).toBe(true);
  });

  test('is broken when no other endpoint serves', async () => {
    let isDown = true;
    const { client } = networkOf((method) => {
      if (isDown) return down(method);
      return method === 'eth_blockNumber' ? '0x1' : undefined;
    });
    await failureOf(client.blockNumber());
    isDown = false;
    expect(await client.blockNumber()).toBe(1n);
  });
});

describe('a pinned view', () => {
  test('stays with its endpoint, whatever happens', async () => {
    let isDown = false;
    const { client, sent } = networkOf(
      (method) => {
        if (isDown) return down(method);
        return method === 'eth_blockNumber' ? '0x1' : undefined;
      },
      only('eth_blockNumber', '0x2'),
    );
    const pinned = client.pinned();
    expect(pinned).toMatchObject({ endpoint: 0, origin: 'https://node0.test' });
    expect(await pinned.blockNumber()).toBe(1n);
    isDown = true;
    expect(await failureOf(pinned.blockNumber())).toMatchObject({ kind: 'unreachable' });
    expect(sent.some((line) => line.startsWith('1'))).toBe(false);
    expect(client.pinned().endpoint).toBe(1);
  });

  test('has another beside it only where there is another URL', async () => {
    const { client } = networkOf(() => undefined, only('eth_blockNumber', '0x2'));
    expect(client.other(0)?.endpoint).toBe(1);
    expect(client.other(1)?.endpoint).toBe(0);
    expect(await client.other(0)?.blockNumber()).toBe(2n);
    expect(await client.request('eth_blockNumber', [], { endpoint: 1 })).toBe('0x2');
    expect(networkOf(() => undefined).client.other(0)).toBeNull();
  });
});

describe('metrics', () => {
  test('name every request with its outcome and duration', async () => {
    const { client, metrics } = networkOf((method) => {
      if (method === 'eth_call') return refused(method, 'execution reverted', 3);
      if (method === 'eth_gasPrice') return down(method, 429);
      return method === 'eth_blockNumber' ? down(method) : undefined;
    });
    await failureOf(client.call({ to: ADDRESS, data: '0x' }));
    await failureOf(client.gasPrice());
    await failureOf(client.blockNumber());
    expect(metrics.map(({ method, outcome }) => [method, outcome])).toEqual([
      ['eth_chainId', 'ok'],
      ['eth_call', 'answered_error'],
      ['eth_gasPrice', 'busy'],
      ['eth_blockNumber', 'unreachable'],
    ]);
    expect(metrics.every(({ durationMs }) => durationMs === 0)).toBe(true);
  });
});

describe('a broadcast', () => {
  const RAW = '0x02f8';
  const hash = keccak256(RAW);
  const send = (answer: Answer): Node => only('eth_sendRawTransaction', answer);

  test('goes to every endpoint and is accepted when one accepts', async () => {
    const refusal = refused('eth_sendRawTransaction', 'nonce too low');
    const { client, sent } = networkOf(send(refusal), send(hash));
    expect(await client.sendRawTransaction(RAW)).toMatchObject({ outcome: 'accepted', hash, reason: null });
    expect(sent).toContain('0 eth_sendRawTransaction');
    expect(sent).toContain('1 eth_sendRawTransaction');
  });

  test('does not wait for an endpoint that hangs once another accepted', async () => {
    const { client } = networkOf(send(new Promise(() => undefined)), send(hash));
    const result = await client.sendRawTransaction(RAW);
    expect(result).toMatchObject({ outcome: 'accepted', answers: [{ endpoint: 1, outcome: 'accepted' }] });
  });

  test('tells the most telling refusal and keeps all answers', async () => {
    const refusal = refused('eth_sendRawTransaction', 'insufficient funds for gas * price + value');
    const { client } = networkOf(send(down('eth_sendRawTransaction')), send(refusal));
    expect(await client.sendRawTransaction(RAW)).toMatchObject({
      outcome: 'insufficient_funds',
      reason: expect.stringContaining('insufficient funds for gas') as unknown,
      answers: expect.arrayContaining([
        expect.objectContaining({ endpoint: 0, outcome: 'unknown' }),
        expect.objectContaining({ endpoint: 1, outcome: 'insufficient_funds' }),
      ]) as unknown,
    });
  });

  test.each([
    ['another hash', HASH],
    ['no hash', null],
    ['a time-out', down('eth_sendRawTransaction')],
  ])('is unknown after %s', async (_, answer) => {
    const result = await networkOf(send(answer)).client.sendRawTransaction(RAW);
    expect(result.outcome).toBe('unknown');
    expect(result.reason).not.toBeNull();
  });

  test('leaves no rejection unhandled when a slow endpoint fails later', async () => {
    const late = Promise.withResolvers<unknown>();
    const unhandled = vi.fn<(reason: unknown) => void>();
    process.once('unhandledRejection', unhandled);
    await networkOf(send(late.promise), send(hash)).client.sendRawTransaction(RAW);
    late.reject(down('eth_sendRawTransaction'));
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    process.removeListener('unhandledRejection', unhandled);
    expect(unhandled).not.toHaveBeenCalled();
  });
});
