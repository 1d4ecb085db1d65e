import * as fc from 'fast-check';
import { type Address, getAddress, pad } from 'viem';
import { describe, expect, test } from 'vitest';
import { ZERO_ADDRESS } from '../primitives/address.ts';
import { type PlannedBurn, readBurnEffect, readTransferEffect } from './burn-effects.ts';
import {
  type LogBody,
  depositLogs,
  placed,
  transferLog,
  transferSingleLog,
  withdrawLogs,
} from './log-samples.ts';
import type { RawLog } from './logs.ts';
import { type PlannedMint, readMintEffects } from './mint-effects.ts';
import { transferOrdinals } from './moments.ts';
import { encodeReceiptInformation } from './receipt-information.ts';

const VAULT: Address = '0x00000000000000000000000000000000000000f1';
const RECEIPT: Address = '0x00000000000000000000000000000000000000f2';
const OTHER_VAULT: Address = '0x00000000000000000000000000000000000000f3';
const SIGNER: Address = '0xabcdefabcdefabcdefabcdefabcdefabcdefabcd';
const AP: Address = '0x00000000000000000000000000000000000000bb';
const STRANGER: Address = '0x00000000000000000000000000000000000000cc';

const idOf = (at: number): string => `00000000-0000-4000-8000-${String(at).padStart(12, '0')}`;

function informationOf(operationId: string) {
  return encodeReceiptInformation({
    tokenization_request_id: 'tkr',
    issuer_request_id: operationId,
    underlying: 'MSFT',
    quantity: '1',
    timestamp: '2026-03-02T14:05:00Z',
    notes: null,
  });
}

function planOf(at: number, shares = BigInt(at + 1)): PlannedMint {
  return { operationId: idOf(at), shares, recipient: AP };
}

/** The logs of one mint as planned, with receipt id 100 + its place. */
function mintLogs(
  at: number,
  change: Partial<{
    shares: bigint;
    owner: Address;
    sender: Address;
    operationId: string;
    recipient: Address;
  }> = {},
): readonly LogBody[] {
  const plan = { ...planOf(at), sender: SIGNER, owner: SIGNER, ...change };
  const { sender, owner, shares, operationId, recipient } = plan;
  const deposit = { sender, owner, shares, id: BigInt(100 + at), information: informationOf(operationId) };
  return [...depositLogs(VAULT, RECEIPT, deposit), transferLog(VAULT, SIGNER, recipient, shares)];
}

const readMints = (logs: readonly RawLog[], planned: readonly PlannedMint[]) =>
  readMintEffects(logs, VAULT, SIGNER, planned);

describe('the effects of a batch of mints', () => {
  test('are proven when every mint left exactly its logs, wherever the transaction stands in its block', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 12 }), fc.nat({ max: 500 }), (count, firstIndex) => {
        const planned = Array.from({ length: count }, (_, at) => planOf(at));
        const logs = placed(
          planned.flatMap((_, at) => mintLogs(at)),
          firstIndex,
        );
        // A node may give them in any order.
        const reading = readMints(logs.toReversed(), planned);
        expect(reading).toEqual({
          kind: 'asPlanned',
          effects: planned.map(({ operationId, shares }, at) => ({
            operationId,
            receiptId: BigInt(100 + at),
            shares,
            information: informationOf(operationId),
            depositOrdinal: at,
            transferOrdinal: 2 * at + 1,
          })),
        });
      }),
    );
  });

  test('are read whatever the case of the addresses', () => {
    const plan = { ...planOf(0), recipient: getAddress(AP) };
    const logs = placed(mintLogs(0));
    expect(readMintEffects(logs, getAddress(VAULT), getAddress(SIGNER), [plan]).kind).toBe('asPlanned');
    expect(readMints(logs, [{ ...planOf(0), operationId: idOf(0).toUpperCase() }]).kind).toBe('asPlanned');
  });

  test('may stand among logs of other contracts', () => {
    const foreign = transferLog(OTHER_VAULT, SIGNER, AP, 1n);
    expect(readMints(placed([foreign, ...mintLogs(0), foreign]), [planOf(0)]).kind).toBe('asPlanned');
  });

  const [deposit, credit, information, receipt, transfer] = mintLogs(0) as [
    LogBody,
    LogBody,
    LogBody,
    LogBody,
    LogBody,
  ];
  test.each<[string, readonly LogBody[], RegExp]>([
    ['no logs at all', [], /deposit 1 of the batch is missing/],
    ['another amount', mintLogs(0, { shares: 2n }), /2 shares were deposited, not 1/],
    [
      'another operation',
      mintLogs(0, { operationId: idOf(5) }),
      /names operation 00000000-0000-4000-8000-000000000005/,
    ],
    ['another owner', mintLogs(0, { owner: STRANGER }), /belongs to 0x0+cc/],
    ['another sender', mintLogs(0, { sender: STRANGER }), /was sent by 0x0+cc/],
    [
      'another recipient',
      mintLogs(0, { recipient: STRANGER }),
      /expected a Transfer of 1 .* found Transfer of 1 .*cc/,
    ],
    [
      'a transfer of another amount',
      [deposit, credit, information, receipt, transferLog(VAULT, SIGNER, AP, 2n)],
      /found Transfer of 2/,
    ],
    ['no transfer to the recipient', [deposit, credit, information, receipt], /found nothing/],
    [
      'a transfer before its deposit',
      [transfer, deposit, credit, information, receipt],
      /found nothing.*unplanned Transfer/,
    ],
    [
      'shares that came from elsewhere',
      [deposit, transferLog(VAULT, STRANGER, SIGNER, 1n), transfer],
      /expected a Transfer of 1 from 0x0{40}/,
    ],
    ['a log too many', [...mintLogs(0), transfer], /^unplanned Transfer of 1 .* at log 5$/],
    ['a deposit too many', [...mintLogs(0), ...mintLogs(1)], /^unplanned Deposit of 2 .*unplanned Transfer/],
    [
      'a burn beside it',
      [
        ...mintLogs(0),
        ...withdrawLogs(VAULT, RECEIPT, {
          sender: SIGNER,
          owner: SIGNER,
          shares: 1n,
          id: 1n,
          information: '0x',
        }),
      ],
      /unplanned Withdraw of 1/,
    ],
    [
      'a transfer between strangers',
      [...mintLogs(0), transferLog(VAULT, STRANGER, AP, 1n)],
      /unplanned Transfer/,
    ],
    [
      'an unreadable deposit',
      [{ ...deposit, data: '0x' }, credit, transfer],
      /is missing.*unplanned unreadable Deposit/,
    ],
  ])('are not proven by %s', (_, bodies, why) => {
    const reading = readMints(placed(bodies), [planOf(0)]);
    expect(reading).toMatchObject({ kind: 'unexpected', why: expect.stringMatching(why) });
  });

  test('are not proven by a deposit without information, which anyone might have made', () => {
    const bare = depositLogs(VAULT, RECEIPT, {
      sender: SIGNER,
      owner: SIGNER,
      shares: 1n,
      id: 1n,
      information: '0x',
    });
    const reading = readMints(placed([...bare, transfer]), [planOf(0)]);
    expect(reading).toMatchObject({ kind: 'unexpected', why: expect.stringContaining('names no operation') });
  });

  test('are told one by one when only some are as planned', () => {
    const logs = placed([...mintLogs(0), ...mintLogs(1, { shares: 9n }), ...mintLogs(2)]);
    const reading = readMints(logs, [planOf(0), planOf(1), planOf(2), planOf(3)]);
    expect(reading).toMatchObject({
      kind: 'unexpected',
      outcomes: [
        { kind: 'effect', effect: { receiptId: 100n, transferOrdinal: 1 } },
        { kind: 'missing', operationId: idOf(1), why: '9 shares were deposited, not 2' },
        { kind: 'effect', effect: { receiptId: 102n, depositOrdinal: 2, transferOrdinal: 5 } },
        { kind: 'missing', operationId: idOf(3) },
      ],
    });
  });

  test('are not exchanged between two mints of the same amount', () => {
    const planned = [planOf(0, 5n), planOf(1, 5n)];
    const logs = placed([...mintLogs(1, { shares: 5n }), ...mintLogs(0, { shares: 5n })]);
    expect(readMints(logs, planned)).toMatchObject({ outcomes: [{ kind: 'missing' }, { kind: 'missing' }] });
  });

  test('are told in a line, however many are missing', () => {
    const planned = Array.from({ length: 50 }, (_, at) => planOf(at));
    const reading = readMints([], planned);
    expect(reading).toMatchObject({ why: expect.stringMatching(/; and 47 more$/) });
  });
});

describe('logs that are not those of one receipt', () => {
  const logs = placed(mintLogs(0));
  const [first, ...rest] = logs as [RawLog, ...RawLog[]];

  test.each<[string, readonly RawLog[]]>([
    ['a log twice', [...logs, first]],
    ['a log of another transaction', [{ ...first, transactionHash: pad('0x7b') }, ...rest]],
    ['a log of another block', [{ ...first, blockHash: pad('0x7b') }, ...rest]],
    ['a log that was taken back', [{ ...first, removed: true }, ...rest]],
  ])('prove nothing: %s', (_, logs) => {
    expect(readMints(logs, [planOf(0)])).toMatchObject({
      kind: 'unexpected',
      outcomes: [{ kind: 'missing' }],
    });
    expect(readBurnEffect(logs, VAULT, SIGNER, { operationId: idOf(0), burns: [] }).kind).toBe('unexpected');
    expect(readTransferEffect(logs, VAULT, SIGNER, { to: AP, amount: 1n }).kind).toBe('unexpected');
    expect(transferOrdinals(logs, VAULT).kind).toBe('unusable');
  });
});

describe('the effect of a burn', () => {
  const burned = (receiptId: bigint, shares: bigint, owner: Address = SIGNER): readonly LogBody[] =>
    withdrawLogs(VAULT, RECEIPT, { sender: SIGNER, owner, shares, id: receiptId, information: '0x12' });
  const dust = { to: AP, amount: 3n };
  const dustLog = transferLog(VAULT, SIGNER, AP, 3n);
  const planned: PlannedBurn = {
    operationId: idOf(0),
    burns: [
      { receiptId: 4n, shares: 10n },
      { receiptId: 2n, shares: 20n },
      // The same receipt twice is allowed.
      { receiptId: 4n, shares: 10n },
    ],
    dust,
  };
  const logs = [...burned(4n, 10n), ...burned(2n, 20n), ...burned(4n, 10n)];
  const read = (bodies: readonly LogBody[], plan = planned) =>
    readBurnEffect(placed(bodies, 33).toReversed(), getAddress(VAULT), getAddress(SIGNER), plan);

  test('is proven by a burn of each receipt, in order, and the dust', () => {
    expect(read([...logs, dustLog])).toEqual({
      kind: 'asPlanned',
      effect: {
        operationId: idOf(0),
        burned: [
          { receiptId: 4n, shares: 10n, withdrawOrdinal: 0, transferOrdinal: 0 },
          { receiptId: 2n, shares: 20n, withdrawOrdinal: 1, transferOrdinal: 1 },
          { receiptId: 4n, shares: 10n, withdrawOrdinal: 2, transferOrdinal: 2 },
        ],
        dustOrdinal: 3,
      },
    });
  });

  test('needs no dust where none was planned', () => {
    const { dust: _, ...plain } = planned;
    expect(read(logs, plain)).toMatchObject({ kind: 'asPlanned', effect: { dustOrdinal: null } });
    expect(read([...logs, dustLog], plain)).toMatchObject({
      why: expect.stringContaining('unplanned Transfer'),
    });
  });

  test.each<[string, readonly LogBody[], RegExp]>([
    ['nothing', [], /receipt 4: expected a Withdraw, found nothing/],
    ['no dust', logs, /expected a Transfer of 3 .* found nothing/],
    ['dust of another amount', [...logs, transferLog(VAULT, SIGNER, AP, 4n)], /found Transfer of 4/],
    ['dust to another', [...logs, transferLog(VAULT, SIGNER, STRANGER, 3n)], /found Transfer of 3 .*cc/],
    [
      'another order',
      [...burned(2n, 20n), ...burned(4n, 10n), ...burned(4n, 10n), dustLog],
      /receipt 2 was burned instead/,
    ],
    [
      'another amount',
      [...burned(4n, 11n), ...burned(2n, 20n), ...burned(4n, 10n), dustLog],
      /11 shares were burned, not 10/,
    ],
    [
      "another's shares",
      [...burned(4n, 10n, STRANGER), ...burned(2n, 20n), ...burned(4n, 10n), dustLog],
      /burned from 0x0+cc/,
    ],
    [
      'one receipt too few',
      [...burned(4n, 10n), ...burned(2n, 20n), dustLog],
      /receipt 4: expected a Withdraw, found Transfer/,
    ],
    [
      'one receipt too many',
      [...logs, dustLog, ...burned(9n, 1n)],
      /^unplanned Withdraw of 1 from receipt 9/,
    ],
  ])('is not proven by %s', (_, bodies, why) => {
    expect(read(bodies)).toMatchObject({ kind: 'unexpected', why: expect.stringMatching(why) });
  });

  test('is not proven by any transaction that lacks one of its logs or has one twice', () => {
    const whole = [...logs, dustLog];
    const ofVault = whole.flatMap((it, at) => (it.address === VAULT ? [at] : []));
    fc.assert(
      fc.property(fc.constantFrom(...ofVault), fc.boolean(), (at, twice) => {
        const altered = whole.flatMap((it, index) => (index === at ? (twice ? [it, it] : []) : [it]));
        expect(read(altered).kind).toBe('unexpected');
      }),
    );
  });
});

describe('a refund', () => {
  const read = (bodies: readonly LogBody[]) =>
    readTransferEffect(placed(bodies), VAULT, SIGNER, { to: getAddress(AP), amount: 5n });

  test('is proven by its transfer alone', () => {
    expect(read([transferLog(VAULT, SIGNER, AP, 5n)])).toEqual({ kind: 'asPlanned', transferOrdinal: 0 });
    expect(read([]).kind).toBe('unexpected');
    expect(read([transferLog(VAULT, SIGNER, AP, 4n)]).kind).toBe('unexpected');
    expect(read([transferLog(VAULT, STRANGER, AP, 5n)]).kind).toBe('unexpected');
    expect(read([transferLog(VAULT, SIGNER, AP, 5n), transferLog(VAULT, SIGNER, AP, 5n)]).kind).toBe(
      'unexpected',
    );
  });
});

describe("the ordinals of a vault's transfers", () => {
  test('count all its transfers and nothing else, whoever they concern and wherever they stand in the block', () => {
    const step = fc.constantFrom<readonly LogBody[]>(
      [transferLog(VAULT, STRANGER, SIGNER, 1n)],
      [transferLog(VAULT, STRANGER, AP, 2n)],
      [transferLog(OTHER_VAULT, STRANGER, SIGNER, 3n)],
      [transferSingleLog(RECEIPT, { operator: AP, from: AP, to: SIGNER }, 1n, 1n)],
      [{ ...transferLog(VAULT, STRANGER, SIGNER, 4n), data: '0x' }],
      depositLogs(VAULT, RECEIPT, { sender: AP, owner: AP, shares: 5n, id: 1n, information: '0x12' }),
    );
    fc.assert(
      fc.property(fc.array(step), fc.nat({ max: 900 }), fc.nat({ max: 900 }), (steps, before, after) => {
        const bodies = steps.flat();
        const expected = bodies.filter((it) => it.address === VAULT && it.topics.length === 3);
        const ordinalsAt = (firstIndex: number) => {
          const read = transferOrdinals(placed(bodies, firstIndex).toReversed(), VAULT);
          if (read.kind === 'unusable') throw new Error(read.why);
          return read.transfers;
        };
        const transfers = ordinalsAt(before);
        expect(transfers.map((it) => it.ordinal)).toEqual(expected.map((_, at) => at));
        expect(transfers.map((it) => it.transfer.log.data)).toEqual(expected.map((it) => it.data));
        // A reorg moves the indexes, not the ordinals.
        expect(ordinalsAt(after).map((it) => it.ordinal)).toEqual(transfers.map((it) => it.ordinal));
      }),
    );
  });

  test('keep the place of a transfer that cannot be read', () => {
    const unreadable = { ...transferLog(VAULT, STRANGER, SIGNER, 4n), data: '0x' } as const;
    const read = transferOrdinals(placed([unreadable, transferLog(VAULT, ZERO_ADDRESS, SIGNER, 1n)]), VAULT);
    expect(read).toMatchObject({
      transfers: [
        { ordinal: 0, transfer: { kind: 'malformed' } },
        { ordinal: 1, transfer: { kind: 'transfer', value: 1n } },
      ],
    });
  });
});
