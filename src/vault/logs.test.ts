import * as fc from 'fast-check';
import { type Address, type Hex, getAddress, pad } from 'viem';
import { describe, expect, test } from 'vitest';
import {
  type LogBody,
  depositLog,
  placed,
  receiptInformationLog,
  transferBatchLog,
  transferLog,
  transferSingleLog,
  withdrawLog,
} from './log-samples.ts';
import { type RawLog, decodeLog, eventTopics } from './logs.ts';

const VAULT: Address = '0x00000000000000000000000000000000000000f1';
const RECEIPT: Address = '0x00000000000000000000000000000000000000f2';
const ALICE = '0xabcdefabcdefabcdefabcdefabcdefabcdefabcd';
const BOB = '0x00000000000000000000000000000000000000bb';
const PARTIES = { operator: VAULT, from: ALICE, to: BOB } as const;

function inPlace(body: LogBody): RawLog {
  const [log] = placed([body], 4);
  if (log === undefined) throw new Error('no log');
  return log;
}

describe('a log of a vault', () => {
  const facts = { sender: ALICE, owner: BOB, shares: 2n ** 255n, id: 7n, information: '0x1234' } as const;

  test.each([
    ['Deposit', depositLog(VAULT, facts), { kind: 'deposit', assets: facts.shares, ...facts }],
    [
      'Withdraw',
      withdrawLog(VAULT, facts),
      { kind: 'withdraw', receiver: BOB, assets: facts.shares, ...facts },
    ],
    ['Transfer', transferLog(VAULT, ALICE, BOB, 0n), { kind: 'transfer', from: ALICE, to: BOB, value: 0n }],
    [
      'ReceiptInformation',
      receiptInformationLog(RECEIPT, ALICE, 9n, '0xff'),
      { kind: 'receiptInformation', sender: ALICE, id: 9n, information: '0xff' },
    ],
    [
      'TransferSingle',
      transferSingleLog(RECEIPT, PARTIES, 3n, 5n),
      { kind: 'receiptTransfer', ...PARTIES, moves: [{ id: 3n, amount: 5n }] },
    ],
    [
      'TransferBatch',
      transferBatchLog(RECEIPT, PARTIES, [3n, 3n, 4n], [5n, 6n, 0n]),
      {
        kind: 'receiptTransfer',
        ...PARTIES,
        moves: [
          { id: 3n, amount: 5n },
          { id: 3n, amount: 6n },
          { id: 4n, amount: 0n },
        ],
      },
    ],
  ])('is decoded, with its addresses in lower case: %s', (_, body, expected) => {
    const log = inPlace(body);
    expect(decodeLog(log)).toEqual({ ...expected, log });
  });

  test('is recognised by its topic in any case', () => {
    const log = inPlace(transferLog(VAULT, getAddress(ALICE), BOB, 1n));
    const topics = log.topics.map((it): Hex => `0x${it.slice(2).toUpperCase()}`);
    expect(decodeLog({ ...log, topics })).toMatchObject({ kind: 'transfer', from: ALICE });
  });

  test('is put aside when it says nothing of shares and receipts', () => {
    const certify = '0x7ef5cae78e9bd364afb19bb0f8a881a6d156e35a119e28c0d17524e507958158';
    const other = (topics: readonly Hex[]): RawLog => inPlace({ address: VAULT, topics, data: '0x' });
    expect(decodeLog(other([certify]))).toMatchObject({ kind: 'other', name: 'Certify' });
    expect(decodeLog(other([pad('0x12')]))).toMatchObject({ kind: 'other', name: null });
    expect(decodeLog(other([]))).toMatchObject({ kind: 'other', name: null });
  });

  const deposit = depositLog(VAULT, facts);
  test.each<[string, LogBody]>([
    ['a Deposit without data', { ...deposit, data: '0x' }],
    ['a Deposit that is cut short', { ...deposit, data: deposit.data.slice(0, -64) as Hex }],
    [
      'a Deposit whose bytes lie outside it',
      { ...deposit, data: `${deposit.data.slice(0, 322)}${'f'.repeat(64)}` as Hex },
    ],
    ['a Deposit with a topic too many', { ...deposit, topics: [...deposit.topics, pad('0x1')] }],
    [
      'the Transfer of an ERC-721',
      {
        ...transferLog(VAULT, ALICE, BOB, 1n),
        topics: [eventTopics.Transfer, pad(ALICE), pad(BOB), pad('0x1')],
      },
    ],
    [
      'a Transfer without its parties',
      { ...transferLog(VAULT, ALICE, BOB, 1n), topics: [eventTopics.Transfer] },
    ],
    ['a TransferBatch with more ids than amounts', transferBatchLog(RECEIPT, PARTIES, [1n, 2n], [1n])],
  ])('is a dead letter when it cannot be read: %s', (_, body) => {
    const log = inPlace(body);
    expect(decodeLog(log)).toEqual({
      kind: 'malformed',
      log,
      name: expect.stringMatching(/^(Deposit|Transfer|TransferBatch)$/),
      why: expect.stringMatching(/./),
    });
  });

  test('never makes decoding fail, whatever it holds', () => {
    const word = fc.uint8Array({ minLength: 32, maxLength: 32 });
    const topic0 = fc.constantFrom(...Object.values(eventTopics));
    const hex = (it: Uint8Array): Hex => `0x${Buffer.from(it).toString('hex')}`;
    fc.assert(
      fc.property(
        topic0,
        fc.array(word, { maxLength: 3 }),
        fc.uint8Array({ maxLength: 400 }),
        (first, rest, data) => {
          const log = inPlace({ address: VAULT, topics: [first, ...rest.map(hex)], data: hex(data) });
          expect(decodeLog(log).log).toBe(log);
        },
      ),
    );
  });
});
