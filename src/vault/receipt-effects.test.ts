import { describe, expect, test } from 'vitest';
import { placed, transferBatchLog, transferLog, transferSingleLog } from './log-samples.ts';
import { readReceiptMove, receiptMoveFault } from './receipt-effects.ts';

const VAULT = '0x00000000000000000000000000000000000000cc';
const RECEIPT = '0x00000000000000000000000000000000000000ee';
const OLD = '0x0000000000000000000000000000000000000001';
const NEW = '0x0000000000000000000000000000000000000002';
const contracts = { vault: VAULT, receipt: RECEIPT } as const;
const PARTIES = { operator: OLD, from: OLD, to: NEW } as const;

const single = transferSingleLog(RECEIPT, PARTIES, 3n, 5n);
const batch = transferBatchLog(RECEIPT, PARTIES, [3n, 4n], [5n, 1n]);
const moves = [{ id: 3n, amount: 5n }];

describe('a move of receipts', () => {
  test('is read in either form of one id, and of several', () => {
    const read = readReceiptMove(placed([single]), contracts);
    expect(read).toEqual({ kind: 'read', from: OLD, to: NEW, moves });
    expect(readReceiptMove(placed([batch]), contracts)).toMatchObject({
      moves: [
        { id: 3n, amount: 5n },
        { id: 4n, amount: 1n },
      ],
    });
  });

  test.each([
    ['nothing', []],
    ['two moves', [single, batch]],
    ['something of the vault beside it', [single, transferLog(VAULT, OLD, NEW, 1n)]],
  ])('is not %s', (_what, logs) => {
    expect(readReceiptMove(placed(logs), contracts).kind).toBe('unexpected');
  });

  test('is the planned one only from and to whom it should, of these receipts in whole', () => {
    const read = readReceiptMove(placed([single]), contracts);
    if (read.kind !== 'read') throw new Error('not read');
    const planned = { from: OLD, to: NEW, moves } as const;
    expect(receiptMoveFault(read, planned)).toBeNull();
    expect(receiptMoveFault(read, { ...planned, to: OLD })).toMatch(/went from/);
    expect(receiptMoveFault(read, { ...planned, moves: [{ id: 3n, amount: 6n }] })).toMatch(/not those/);
    expect(receiptMoveFault(read, { ...planned, moves: [...moves, { id: 4n, amount: 1n }] })).toMatch(
      /not those/,
    );
    expect(receiptMoveFault(read, { ...planned, moves: [{ id: 2n, amount: 5n }] })).toMatch(/not those/);
  });
});
