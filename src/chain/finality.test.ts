import type { Hex } from 'viem';
import { describe, expect, test } from 'vitest';
import { RpcFailure } from '../primitives/failures.ts';
import { confirmedHead, finalBlock, isCanonical } from './finality.ts';
import { createReader } from './rpc/reader.ts';
import type { PinnedRpc } from './rpc/types.ts';

function hashOf(number: bigint): Hex {
  return `0x${number.toString(16).padStart(64, '0')}`;
}

function blockAt(number: bigint): Readonly<Record<string, unknown>> {
  return {
    number: `0x${number.toString(16)}`,
    hash: hashOf(number),
    parentHash: hashOf(number),
    timestamp: '0x1',
    gasLimit: '0x1',
    gasUsed: '0x0',
    transactions: [],
  };
}

/** One endpoint with a head, which answers `answers` to a tag or height instead where it has one. */
function endpointOf(head: bigint, answers: Readonly<Record<string, unknown>> = {}): PinnedRpc {
  const reader = createReader(async (_, [at], decode) => {
    const key = String(at);
    const answer = key in answers ? answers[key] : blockAt(key === 'latest' ? head : BigInt(key));
    if (answer instanceof Error) throw answer;
    return decode(answer);
  });
  return { ...reader, endpoint: 0, origin: 'http://node.test', request: () => Promise.resolve(null) };
}

function refusal(message: string): RpcFailure {
  return new RpcFailure(message, { kind: 'answered', method: 'eth_getBlockByNumber', rpcCode: -32000 });
}

describe('the confirmed head', () => {
  test('is the head with no confirmations, and lies that many blocks below it otherwise', async () => {
    expect(await confirmedHead(endpointOf(30n), 0)).toEqual({ number: 30n, hash: hashOf(30n) });
    expect(await confirmedHead(endpointOf(30n), 12)).toEqual({ number: 18n, hash: hashOf(18n) });
    expect(await confirmedHead(endpointOf(12n), 12)).toEqual({ number: 0n, hash: hashOf(0n) });
  });

  test('is none while the chain is shorter', async () => {
    expect(await confirmedHead(endpointOf(11n), 12)).toBeNull();
  });

  test('is not guessed when the node misses a block below its own head', async () => {
    const missing = confirmedHead(endpointOf(30n, { '0x12': null }), 12);
    await expect(missing).rejects.toMatchObject({ kind: 'unreachable' });
    await expect(confirmedHead(endpointOf(30n, { latest: null }), 0)).rejects.toThrow('its latest block');
  });
});

describe('the final block', () => {
  test('is what the node calls so, or lies a number of blocks below the head', async () => {
    const rpc = endpointOf(30n, { finalized: blockAt(5n), safe: blockAt(9n) });
    expect(await finalBlock(rpc, 'finalized')).toEqual({ number: 5n, hash: hashOf(5n) });
    expect(await finalBlock(rpc, 'safe')).toEqual({ number: 9n, hash: hashOf(9n) });
    expect(await finalBlock(rpc, 10)).toEqual({ number: 20n, hash: hashOf(20n) });
  });

  test.each([null, refusal('finalized block not found'), refusal('Unknown block')])(
    'is none while the node has none: %s',
    async (answer) => {
      expect(await finalBlock(endpointOf(30n, { finalized: answer }), 'finalized')).toBeNull();
    },
  );

  test.each([
    refusal('method not supported'),
    new RpcFailure('finalized block not found', { kind: 'unreachable', method: 'eth_getBlockByNumber' }),
  ])('is not read from another failure: %s', async (failure) => {
    await expect(finalBlock(endpointOf(30n, { finalized: failure }), 'finalized')).rejects.toBe(failure);
  });
});

describe('a block', () => {
  test('is canonical, replaced, or unknown to the node', async () => {
    const rpc = endpointOf(30n, { '0x1f': null });
    expect(await isCanonical(rpc, 18n, hashOf(18n).toUpperCase().replace('0X', '0x') as Hex)).toBe(true);
    expect(await isCanonical(rpc, 18n, hashOf(19n))).toBe(false);
    expect(await isCanonical(rpc, 31n, hashOf(31n))).toBeNull();
  });
});
