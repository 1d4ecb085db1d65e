import * as fc from 'fast-check';
import { type Address, pad } from 'viem';
import { expect, test, describe } from 'vitest';
import { ZERO_ADDRESS } from '../primitives/address.ts';
import { departuresFilter, type WatchFilter, watchFilters } from './filters.ts';
import {
  type LogBody,
  depositLog,
  transferBatchLog,
  transferLog,
  transferSingleLog,
  withdrawLog,
} from './log-samples.ts';

const VAULTS: readonly Address[] = [
  '0x00000000000000000000000000000000000000f1',
  '0x00000000000000000000000000000000000000f3',
];
const RECEIPTS: readonly Address[] = [
  '0x00000000000000000000000000000000000000f2',
  '0x00000000000000000000000000000000000000f4',
];
const OURS: readonly Address[] = [
  '0x00000000000000000000000000000000000000aa',
  '0x00000000000000000000000000000000000000ab',
];
const THEIRS: Address = '0x00000000000000000000000000000000000000bb';

/** What a node does with a filter. */
function matches(filter: WatchFilter, log: LogBody): boolean {
  if (!filter.addresses.includes(log.address)) return false;
  return filter.topics.every((allowed, at) => allowed === null || allowed.includes(log.topics[at] ?? '0x'));
}

const filters = watchFilters({ vaults: VAULTS, receipts: RECEIPTS, wallets: OURS });
const seenBy = (log: LogBody): number => filters.filter((it) => matches(it, log)).length;

const vault = fc.constantFrom(...VAULTS);
const receipt = fc.constantFrom(...RECEIPTS);
const ours = fc.constantFrom(...OURS);
const other = fc.constantFrom(THEIRS, ZERO_ADDRESS);

describe('the filters of the watcher', () => {
  test('are three for any number of vaults', () => expect(filters).toHaveLength(3));

  test('see shares that come to a wallet of ours, once, and no others', () => {
    fc.assert(
      fc.property(vault, ours, other, (vault, wallet, other) => {
        expect(seenBy(transferLog(vault, other, wallet, 1n))).toBe(1);
        expect(seenBy(transferLog(vault, wallet, other, 1n))).toBe(0);
        expect(seenBy(transferLog(THEIRS, other, wallet, 1n))).toBe(0);
      }),
    );
  });

  test('see shares that leave a wallet of ours by one more, and by that nothing else', () => {
    const departures = departuresFilter({ vaults: VAULTS, wallets: OURS });
    expect(departuresFilter({ vaults: [], wallets: OURS })).toBeNull();
    expect(departuresFilter({ vaults: VAULTS, wallets: [] })).toBeNull();
    const sees = (log: LogBody): boolean => departures !== null && matches(departures, log);
    fc.assert(
      fc.property(vault, ours, other, (vault, wallet, other) => {
        expect(sees(transferLog(vault, wallet, other, 1n))).toBe(true);
        expect(sees(transferLog(vault, other, wallet, 1n))).toBe(false);
        expect(sees(transferLog(THEIRS, wallet, other, 1n))).toBe(false);
      }),
    );
  });

  test('see receipts that come or go, singly or in batches', () => {
    fc.assert(
      fc.property(receipt, ours, other, (receipt, wallet, other) => {
        const inwards = { operator: THEIRS, from: other, to: wallet };
        const outwards = { operator: THEIRS, from: wallet, to: other };
        for (const parties of [inwards, outwards]) {
          expect(seenBy(transferSingleLog(receipt, parties, 1n, 1n))).toBe(1);
          expect(seenBy(transferBatchLog(receipt, parties, [1n, 2n], [1n, 1n]))).toBe(1);
        }
        const between = { operator: wallet, from: THEIRS, to: THEIRS };
        expect(seenBy(transferSingleLog(receipt, between, 1n, 1n))).toBe(0);
      }),
    );
  });

  test('see every deposit and burn, since no topic tells whose it is', () => {
    const facts = { sender: THEIRS, owner: THEIRS, shares: 1n, id: 1n, information: '0x' } as const;
    for (const address of VAULTS) {
      expect(seenBy(depositLog(address, facts))).toBe(1);
      expect(seenBy(withdrawLog(address, facts))).toBe(1);
    }
  });

  test('never hold an empty list, which a node would take for any address or any wallet', () => {
    const set = (from: readonly Address[]) => fc.subarray([...from]);
    fc.assert(
      fc.property(set(VAULTS), set(RECEIPTS), set(OURS), (vaults, receipts, wallets) => {
        const filters = watchFilters({ vaults, receipts, wallets });
        for (const { addresses, topics } of filters) {
          expect(addresses).not.toEqual([]);
          for (const topic of topics) expect(topic).not.toEqual([]);
        }
        const watches = vaults.length > 0 && wallets.length > 0;
        expect(filters).toHaveLength(watches ? (receipts.length > 0 ? 3 : 2) : 0);
      }),
    );
  });

  test('name each address once, in lower case', () => {
    const wallet: Address = '0x00000000000000000000000000000000000000AA';
    const [moves] = watchFilters({ vaults: VAULTS, receipts: [], wallets: [wallet, ...OURS] });
    expect(moves?.topics[2]).toEqual(OURS.map((it) => pad(it)));
  });
});
