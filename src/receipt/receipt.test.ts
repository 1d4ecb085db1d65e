import { describe, expect, test } from 'vitest';
import type { BalanceReading, DepositFacts, ReceiptCommand, ReceiptEvent, ReceiptState } from './receipt.ts';
import { decideReceipt, evolveReceipt, freeShares, isOverdrawn, reservedShares } from './receipt.ts';

const BOT = '0x00000000000000000000000000000000000000b0';
const OTHER = '0x00000000000000000000000000000000000000c0';
const HASH = `0x${'ab'.repeat(32)}` as const;
const TX = `0x${'cd'.repeat(32)}` as const;

const fact: DepositFacts = {
  sender: BOT,
  owner: BOT,
  shares: 100n,
  information: '0x1234',
  operationId: 'mint-1',
  blockNumber: 10n,
  transactionHash: TX,
  ordinal: 0,
};
const deposited: ReceiptEvent = { type: 'ReceiptDeposited', data: fact };
const reading = (
  balance: bigint,
  blockNumber: bigint,
  holder: BalanceReading['holder'] = BOT,
): ReceiptEvent => ({
  type: 'BalanceRead',
  data: { holder, balance, blockNumber, blockHash: HASH },
});
const reserved = (shares: bigint, redemptionId = 'r1'): ReceiptEvent => ({
  type: 'ReceiptReserved',
  data: { redemptionId, shares, transactionId: 't1' },
});
const burnt = (shares: bigint, blockNumber: bigint, redemptionId = 'r1'): ReceiptEvent => ({
  type: 'ReceiptBurned',
  data: { redemptionId, shares, transactionHash: TX, blockNumber },
});
const read = (balance: bigint, blockNumber: bigint): ReceiptCommand => ({
  type: 'read',
  reading: { holder: BOT, balance, blockNumber, blockHash: HASH },
});

function given(...events: readonly ReceiptEvent[]) {
  const state = events.reduce<ReceiptState>(evolveReceipt, { kind: 'none' });
  return {
    state,
    when: (command: ReceiptCommand) => decideReceipt(command, state),
    balance: state.kind === 'known' ? (state.reading?.balance ?? null) : null,
    free: freeShares(state),
    reserved: reservedShares(state),
    overdrawn: isOverdrawn(state),
    due: state.kind === 'known' && state.readingDue,
  };
}

describe('receipt', () => {
  test('a deposit counts for nothing until its balance was read', () => {
    const it = given(deposited);
    expect([it.balance, it.free, it.due]).toEqual([null, 0n, true]);
    expect(given(deposited, reading(100n, 12n)).free).toBe(100n);
  });

  test('the same deposit again changes nothing', () => {
    expect(given(deposited).when({ type: 'deposit', fact })).toEqual([]);
    expect(given(deposited, reading(100n, 12n)).when({ type: 'deposit', fact })).toEqual([]);
    const moved = { ...fact, blockNumber: 11n, ordinal: null };
    expect(given(deposited).when({ type: 'deposit', fact: moved })).toEqual([]);
  });

  test.each([9n, 11n, 13n])(
    'a deposit that a reorg took away and block %i brought back is read again',
    (block) => {
      const gone = [deposited, reading(0n, 12n)];
      const again = { ...fact, blockNumber: block };
      const events = given(...gone).when({ type: 'deposit', fact: again });
      expect(events).toEqual([{ type: 'ReceiptMoved', data: { transactionHash: TX, blockNumber: block } }]);
      expect(given(...gone, ...events).due).toBe(true);
      expect(given(...gone, ...events).when({ type: 'deposit', fact: again })).toEqual([]);
      expect(given(...gone, ...events, reading(100n, 14n)).free).toBe(100n);
    },
  );

  test('a deposit that a reorg brought back in another block of the same number is read again, once', () => {
    const [one, other] = ['0xb1', '0xb2'] as const;
    const gone = [{ ...deposited, data: { ...fact, blockHash: one } }, reading(0n, 12n)];
    expect(given(...gone).when({ type: 'deposit', fact: { ...fact, blockHash: one } })).toEqual([]);
    expect(given(...gone).when({ type: 'deposit', fact })).toEqual([]);
    const again = { type: 'deposit', fact: { ...fact, blockHash: other } } as const;
    const events = given(...gone).when(again);
    expect(events).toMatchObject([{ type: 'ReceiptMoved', data: { blockHash: other } }]);
    expect(given(...gone, ...events).due).toBe(true);
    const read_ = given(...gone, ...events, reading(100n, 14n));
    expect([read_.free, read_.when(again)]).toEqual([100n, []]);
  });

  test('another deposit under the same id replaces the facts and wants a new reading', () => {
    const other = { ...fact, shares: 7n, transactionHash: HASH };
    const events = given(deposited, reading(100n, 12n)).when({ type: 'deposit', fact: other });
    expect(events).toEqual([{ type: 'DepositReplaced', data: other }]);
    const it = given(deposited, reading(100n, 12n), ...events);
    expect([it.balance, it.due]).toEqual([null, true]);
  });

  test('deposit facts outlive the balance', () => {
    const it = given(deposited, reading(100n, 12n), reserved(100n), burnt(100n, 13n), reading(0n, 14n));
    expect(it.balance).toBe(0n);
    expect(it.state).toMatchObject({ deposit: fact });
  });

  test('two redemptions cannot reserve the same shares', () => {
    const it = given(deposited, reading(100n, 12n), reserved(60n));
    expect(it.free).toBe(40n);
    expect(() => it.when({ type: 'reserve', redemptionId: 'r2', shares: 41n, transactionId: 't2' })).toThrow(
      /40 are free/,
    );
    expect(it.when({ type: 'reserve', redemptionId: 'r2', shares: 40n, transactionId: 't2' })).toHaveLength(
      1,
    );
  });

  test.each([100n, 70n, 40n])(
    'while a burn of 60 is pending, a reading of %d corrects nothing',
    (balance) => {
      const pending = [deposited, reading(100n, 12n), reserved(60n)];
      expect(given(...pending).when(read(balance, 13n))).toEqual([]);
    },
  );

  test.each([
    [39n, true],
    [120n, false],
    [61n, false],
  ])(
    'a reading of %d that pending burns of 30 and 9 do not explain replaces the balance',
    (balance, short) => {
      const pending = [deposited, reading(110n, 12n), reserved(30n), reserved(9n, 'r2')];
      const events = given(...pending).when(read(balance, 13n));
      expect(events).toEqual([reading(balance, 13n)]);
      const it = given(...pending, ...events);
      expect([it.balance, it.overdrawn]).toEqual([balance, false]);
      expect(short).toBe(it.free === 0n);
    },
  );

  test('a reading below what is reserved is taken and shows the receipt as overdrawn', () => {
    const it = given(deposited, reading(100n, 12n), reserved(60n), reading(39n, 13n));
    expect([it.balance, it.overdrawn, it.free]).toEqual([39n, true, 0n]);
  });

  test('a settled burn is not undone by a reading from before it', () => {
    const settled = given(deposited, reading(100n, 12n), reserved(60n), burnt(60n, 20n));
    expect([settled.balance, settled.reserved, settled.due]).toEqual([40n, 0n, true]);
    expect(settled.when(read(100n, 19n))).toEqual([]);
    expect(settled.when(read(40n, 20n))).toEqual([reading(40n, 20n)]);
  });

  test('a burn that a reorg took back is pending again', () => {
    const undone: ReceiptEvent = {
      type: 'BurnUndone',
      data: { redemptionId: 'r1', shares: 60n, transactionHash: TX, why: 'reorg' },
    };
    const it = given(deposited, reading(100n, 12n), reserved(60n), burnt(60n, 20n), undone);
    expect([it.balance, it.reserved, it.free]).toEqual([100n, 60n, 40n]);
  });

  test('a released reservation frees the shares, and what seemed explained is read again', () => {
    const pending = [deposited, reading(100n, 12n), reserved(60n)];
    const events = given(...pending).when({
      type: 'release',
      redemptionId: 'r1',
      shares: 60n,
      why: 'reverted',
    });
    const it = given(...pending, ...events);
    expect([it.free, it.due]).toEqual([100n, true]);
    expect(() => it.when({ type: 'release', redemptionId: 'r1', shares: 1n, why: 'again' })).toThrow(/not 1/);
  });

  test('a burn found on chain without a reservation counts unless a later reading holds it already', () => {
    expect(given(deposited, reading(100n, 12n), burnt(60n, 13n)).balance).toBe(40n);
    expect(given(deposited, reading(40n, 14n), burnt(60n, 13n)).balance).toBe(40n);
  });

  test('a move of the receipt asks for one reading, from its block on', () => {
    const move: ReceiptCommand = { type: 'move', transactionHash: TX, blockNumber: 15n };
    const events = given(deposited, reading(100n, 12n)).when(move);
    expect(events).toHaveLength(1);
    const moved = given(deposited, reading(100n, 12n), ...events);
    expect(moved.when(move)).toEqual([]);
    expect(moved.when(read(0n, 14n))).toEqual([]);
    expect(given(deposited, reading(100n, 15n)).when(move)).toEqual([]);
  });

  test('a reading for another holder replaces the holder', () => {
    const it = given(deposited, reading(100n, 12n), reading(100n, 13n, OTHER));
    expect(it.state).toMatchObject({ reading: { holder: OTHER, balance: 100n } });
  });

  test('a reading for another holder is that of another balance: no burn of the first one explains it', () => {
    const ofOther = { holder: OTHER, balance: 100n, blockNumber: 13n, blockHash: HASH } as const;
    const read100 = given(deposited, reading(100n, 12n));
    expect(read100.when({ type: 'read', reading: ofOther })).toEqual([reading(100n, 13n, OTHER)]);
    // What the first holder's pending burn would explain is, for another one, simply what it has.
    const burning = [deposited, reading(100n, 12n), reserved(60n)] as const;
    expect(given(...burning, reading(50n, 13n)).balance).toBe(100n);
    expect(given(...burning, reading(50n, 13n, OTHER)).balance).toBe(50n);
  });
});

describe('a receipt that goes to another signer of ours', () => {
  const data = { transferId: 'x1', to: OTHER, shares: 100n, transactionHash: TX } as const;
  const over: ReceiptEvent = { type: 'ReceiptHandedOver', data: { ...data, blockNumber: 20n } };
  const undone: ReceiptEvent = { type: 'HandOverUndone', data: { ...data, why: 'reorg' } };
  const onItsWay = [deposited, reading(100n, 11n), reserved(100n, 'x1')] as const;

  test('is nobody else’s to burn while it is on its way, and gives nothing until it was read anew', () => {
    expect(given(...onItsWay)).toMatchObject({ balance: 100n, free: 0n, reserved: 100n });
    const gone = given(...onItsWay, over);
    expect(gone).toMatchObject({ balance: 0n, free: 0n, reserved: 0n, overdrawn: false });
    expect(gone.state).toMatchObject({ readingDue: true, floorBlock: 20n });
    const arrived = given(...onItsWay, over, reading(100n, 20n, OTHER));
    expect(arrived).toMatchObject({ balance: 100n, free: 100n });
    expect(arrived.state).toMatchObject({ reading: { holder: OTHER }, readingDue: false });
  });

  test('that was read with its new holder before it was counted keeps that reading', () => {
    const early = given(...onItsWay, reading(100n, 20n, OTHER));
    expect(early).toMatchObject({ free: 0n, reserved: 100n });
    expect(given(...onItsWay, reading(100n, 20n, OTHER), over)).toMatchObject({ balance: 100n, free: 100n });
  });

  test('is on its way again when a reorg takes that away', () => {
    expect(given(...onItsWay, over, undone)).toMatchObject({ balance: 100n, free: 0n, reserved: 100n });
    const back = given(...onItsWay, over, undone, over);
    expect(back).toMatchObject({ balance: 0n, reserved: 0n });
  });
});
