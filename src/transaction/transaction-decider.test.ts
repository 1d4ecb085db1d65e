import type { Hex } from 'viem';
import { describe, expect, test } from 'vitest';
import {
  decideFinal,
  decideMined,
  decideSigned,
  decideUnmined,
  decideVariant,
} from './transaction-decider.ts';
import type { Signed, TransactionEvent, TransactionState, Variant } from './transaction-state.ts';
import { evolveTransaction, forFeature, greatestCost } from './transaction-state.ts';

const signed: Signed = {
  network: 'base',
  chainId: 8453,
  signer: '0x0000000000000000000000000000000000000001',
  nonce: 7,
  purpose: 'operations',
  kind: 'mint',
  vault: '0x00000000000000000000000000000000000000aa',
  operations: [{ id: 'one', detail: {} }],
};

function variant(hash: Hex, fee: bigint, body: Variant['body'] = 'operations'): Variant {
  return {
    body,
    to: '0x00000000000000000000000000000000000000aa',
    data: '0x',
    value: 0n,
    gas: 100n,
    maxFeePerGas: fee,
    maxPriorityFeePerGas: fee,
    hash,
    raw: '0x02',
  };
}

const block = { blockNumber: 9n, blockHash: '0xb9' } as const;
const wasSigned: TransactionEvent = {
  type: 'TransactionSigned',
  data: { ...signed, variant: variant('0x01', 80n) },
};
const wasRaised: TransactionEvent = {
  type: 'TransactionVariantSigned',
  data: { variant: variant('0x02', 90n), why: 'reprice' },
};

function given(...events: readonly TransactionEvent[]): TransactionState {
  return events.reduce<TransactionState>(evolveTransaction, { phase: 'none' });
}

function mined(
  hash: Hex,
  status: 0 | 1,
  body: 'operations' | 'fill' | 'stranger' = 'operations',
): TransactionEvent {
  return { type: 'TransactionMined', data: { hash, status, body, ...block } };
}

describe('a nonce', () => {
  test('given nothing, when it is promised, then the bytes are remembered', () => {
    expect(decideSigned(given(), signed, variant('0x01', 80n))).toEqual([wasSigned]);
  });

  test('given a promise, when it is promised again, then it is refused', () => {
    expect(() => decideSigned(given(wasSigned), signed, variant('0x03', 80n))).toThrow(/promised already/);
  });

  test('a transaction that fills must carry nothing, and one with operations something', () => {
    expect(() => decideSigned(given(), signed, variant('0x01', 80n, 'fill'))).toThrow(/must be what it says/);
    expect(() => decideSigned(given(), { ...signed, operations: [] }, variant('0x01', 80n))).toThrow(
      /must be what it says/,
    );
  });

  test('given a promise, when both fees rise by an eighth, then other bytes may be signed', () => {
    expect(decideVariant(given(wasSigned), variant('0x02', 90n), 'reprice')).toEqual([wasRaised]);
  });

  test('given a promise, when a fee rises by less, then it is refused', () => {
    expect(() => decideVariant(given(wasSigned), variant('0x02', 89n), 'reprice')).toThrow(/by 1\/8/);
    const oneFee = { ...variant('0x02', 100n), maxPriorityFeePerGas: 80n };
    expect(() => decideVariant(given(wasSigned), oneFee, 'reprice')).toThrow(/by 1\/8/);
  });

  test('given a cancellation, when it is raised, then it stays a cancellation', () => {
    const cancel = decideVariant(given(wasSigned), variant('0x02', 90n, 'fill'), 'cancel');
    const state = given(wasSigned, ...cancel);
    expect(() => decideVariant(state, variant('0x03', 200n), 'reprice')).toThrow(/must sign fill/);
    expect(decideVariant(state, variant('0x03', 200n, 'fill'), 'reprice')).toHaveLength(1);
  });

  test('given several bytes, when any of them is mined, then it is known which', () => {
    const state = given(wasSigned, wasRaised);
    expect(decideMined(state, { hash: '0x01', status: 1, ...block })).toEqual(mined('0x01', 1));
    expect(decideMined(state, { hash: '0xff', status: 1, ...block })).toEqual(mined('0xff', 1, 'stranger'));
  });

  test.each([
    ['effect', mined('0x01', 1)],
    ['reverted', mined('0x01', 0)],
    ['filled', mined('0x02', 1, 'fill')],
    ['stranger', mined('0xff', 1, 'stranger')],
  ] as const)('given the block that used it, when that is final, then it ends as %s', (outcome, event) => {
    const [ending] = decideFinal(given(wasSigned, event));
    expect(ending).toMatchObject({ type: 'TransactionFinal', data: { outcome, ...block } });
  });

  test('given a block, when it vanishes, then the nonce waits again with all its bytes', () => {
    const before = given(wasSigned, wasRaised);
    const state = given(wasSigned, wasRaised, mined('0x01', 1));
    expect(decideUnmined(state, 'reorg').reduce<TransactionState>(evolveTransaction, state)).toEqual(before);
  });

  test('never ends without a block', () => {
    expect(() => decideFinal(given(wasSigned))).toThrow(/pending, not mined/);
    expect(() => decideFinal(given())).toThrow(/none, not mined/);
  });

  test('given an end, nothing more is decided', () => {
    const end = given(wasSigned, mined('0x01', 1), ...decideFinal(given(wasSigned, mined('0x01', 1))));
    expect(() => decideFinal(end)).toThrow(/final, not mined/);
    expect(() => decideUnmined(end, 'late')).toThrow(/final, not mined/);
    expect(() => decideVariant(end, variant('0x09', 900n), 'reprice')).toThrow(/cannot be replaced/);
    expect(() => decideMined(end, { hash: '0x01', status: 1, ...block })).toThrow(/not waiting/);
  });

  test('costs at most its dearest bytes, and shows its feature only the hashes of its operations', () => {
    const state = given(wasSigned, wasRaised, {
      type: 'TransactionVariantSigned',
      data: { variant: variant('0x03', 200n, 'fill'), why: 'cancel' },
    });
    if (state.phase === 'none') throw new Error('it was signed');
    expect(greatestCost(state)).toBe(20_000n);
    expect(forFeature(state)).toMatchObject({ hashes: ['0x01', '0x02'], nonce: 7 });
  });
});
