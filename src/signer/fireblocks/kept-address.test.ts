import type { Address } from 'viem';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DependencyDown } from '../../engine/dependency-down.ts';
import { anyKind, createLedger } from '../../event-store/create-ledger.ts';
import type { Ledger } from '../../event-store/ledger.ts';
import { IN_MEMORY, openSqliteStore } from '../../event-store/sqlite/open-sqlite-store.ts';
import type { SqliteStore } from '../../event-store/sqlite/open-sqlite-store.ts';
import { systemClock, systemTimers } from '../../ports/system.ts';
import { custodianKind, keepAddress } from './kept-address.ts';

const ADDRESS: Address = '0x70997970c51812dc3a010c7d01b50e0d17dc79c8';
const OTHER: Address = '0x3c44cdddb6a900fa2b585dd299e03d12fa4293bc';

let store: SqliteStore;
let ledger: Ledger;
const warnings: string[] = [];
const log = { info: () => {}, warn: (_fields: object, message: string) => void warnings.push(message) };

beforeEach(async () => {
  warnings.length = 0;
  store = await openSqliteStore({
    path: IN_MEMORY,
    tables: [],
    clock: systemClock,
    timers: systemTimers,
    onFatal: (error) => {
      throw error;
    },
  });
  ledger = createLedger(store, { kinds: [anyKind(custodianKind)], tables: [] });
});
afterEach(() => store.close());

const keep = (read: () => Promise<Address>, expected: Address | null = null) =>
  keepAddress(ledger, { name: 'fireblocks/7', expected }, read, log);
const gives = (address: Address) => () => Promise.resolve(address);
const isDown = () => Promise.reject(new DependencyDown('signer:fireblocks', 'Fireblocks answered 503'));

describe('the address of an account', () => {
  test('is kept at the first start, and the same from then on', async () => {
    expect(await keep(gives(ADDRESS))).toEqual({ address: ADDRESS, isConfirmed: true });
    expect(await keep(gives(ADDRESS))).toEqual({ address: ADDRESS, isConfirmed: true });
    expect(await store.readStream('custodian/fireblocks/7')).toHaveLength(1);
  });

  test('that is another one later stops the start, and changes nothing', async () => {
    await keep(gives(ADDRESS));
    await expect(keep(gives(OTHER))).rejects.toMatchObject({
      code: 'custodian_address_changed',
      message: expect.stringContaining(
        `was ${ADDRESS} when it was first known and is said to be ${OTHER} now`,
      ),
    });
    expect(await keep(gives(ADDRESS))).toEqual({ address: ADDRESS, isConfirmed: true });
  });

  test('need not be given again, but the first time', async () => {
    await expect(keep(isDown)).rejects.toMatchObject({ code: 'custodian_unreachable' });
    await keep(gives(ADDRESS));
    expect(await keep(isDown)).toEqual({ address: ADDRESS, isConfirmed: false });
    expect(warnings).toHaveLength(1);
  });

  test('is the one that the settings say, whether the custodian answers at the first start or not', async () => {
    expect(await keep(isDown, ADDRESS)).toEqual({ address: ADDRESS, isConfirmed: false });
    await expect(keep(gives(OTHER), ADDRESS)).rejects.toMatchObject({
      code: 'custodian_account',
      message: expect.stringContaining(`${ADDRESS} is the address of fireblocks/7, which has ${OTHER}`),
    });
    expect(await store.readStream('custodian/fireblocks/7')).toEqual([]);
    expect(await keep(gives(ADDRESS), ADDRESS)).toEqual({ address: ADDRESS, isConfirmed: true });
    // Nor is another one believed later, answer or none.
    await expect(keep(isDown, OTHER)).rejects.toMatchObject({ code: 'custodian_account' });
  });

  test('is not made up from an answer that is none', async () => {
    await expect(keep(() => Promise.reject(new Error('two addresses')))).rejects.toThrow('two addresses');
  });
});
