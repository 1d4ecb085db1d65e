import * as fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { anyKind, createLedger } from '../event-store/create-ledger.ts';
import { change, type StreamKind } from '../event-store/ledger.ts';
import { IN_MEMORY, openSqliteStore } from '../event-store/sqlite/open-sqlite-store.ts';
import { systemClock, systemTimers } from '../ports/system.ts';
import { createInventoryTotals } from './inventory-totals.ts';
import { PROMISE_TABLE, rankOf, RECEIPT_TABLE } from './receipt-kind.ts';

type Holding = { readonly balance: bigint; readonly reserved: bigint; readonly promised: bigint };
type HoldingEvent = { readonly type: 'set'; readonly data: Holding };

/** A stream whose state is nothing but the rows that are summed up. Its id: vault and number. */
const HOLDING: StreamKind<Holding, HoldingEvent> = {
  category: 'holding',
  initialState: { balance: 0n, reserved: 0n, promised: 0n },
  evolve: (_state, event) => event.data,
  phase: () => 'held',
  rows({ balance, reserved, promised }, { id }) {
    const [vault = '', receiptId = ''] = id.split('/');
    const key = { chain_id: 1, vault, receipt_id: receiptId };
    const row = {
      ...key,
      balance,
      reserved,
      free_rank: rankOf(balance),
      in_use: balance > 0n || reserved > 0n,
      overdrawn: false,
      reading_due: false,
      due_from_block: 0,
    };
    const promise = { redemption_id: id, chain_id: 1, vault, holder: vault, shares: promised };
    return [
      { table: RECEIPT_TABLE.name, row },
      ...(promised > 0n ? [{ table: PROMISE_TABLE.name, row: promise }] : []),
    ];
  },
};

async function open() {
  const tables = [RECEIPT_TABLE, PROMISE_TABLE];
  const store = await openSqliteStore({
    path: IN_MEMORY,
    tables,
    clock: systemClock,
    timers: systemTimers,
    onFatal: (error) => {
      throw error;
    },
  });
  onTestFinished(() => store.close());
  const totals = createInventoryTotals({ store, timers: systemTimers, chainIds: [1] });
  const ledger = createLedger(store, { kinds: [anyKind(HOLDING)], tables }, totals.onCommitted);
  const set = async (id: string, data: Holding): Promise<void> => {
    const loaded = await ledger.load(HOLDING, id);
    await ledger.commit({
      changes: [change(HOLDING, loaded, [{ type: 'set', data }])],
      metadata: { actor: 't' },
    });
  };
  return { totals, set };
}

const holding = (balance: number, reserved = 0, promised = 0): Holding => ({
  balance: BigInt(balance),
  reserved: BigInt(reserved),
  promised: BigInt(promised),
});

test('nothing is told before everything is added up', async () => {
  const { totals, set } = await open();
  await set('a/1', holding(5, 2));
  await set('a/2', holding(3, 0, 1));
  await set('b/1', holding(7));
  expect(totals.vaults()).toBeNull();
  await totals.fill();
  expect(totals.vaults()).toEqual([
    { chainId: 1, vault: 'a', balance: 8n, reserved: 2n, promised: 1n },
    { chainId: 1, vault: 'b', balance: 7n, reserved: 0n, promised: 0n },
  ]);
});

test('whatever is committed before, while and after it is added up, the sums are right', async () => {
  const holdings = fc.record({
    id: fc.tuple(fc.constantFrom('a', 'b'), fc.nat(1_400)).map(([vault, at]) => `${vault}/${String(at)}`),
    data: fc
      .tuple(fc.nat(9), fc.nat(3), fc.nat(2))
      .map(([balance, reserved, promised]) => holding(balance, reserved, promised)),
  });
  const steps = fc.array(holdings, { minLength: 1, maxLength: 40, size: 'max' });
  await fc.assert(
    fc.asyncProperty(steps, steps, async (during, afterwards) => {
      const { totals, set } = await open();
      const state = new Map<string, Holding>();
      const apply = (them: readonly { readonly id: string; readonly data: Holding }[]) =>
        them.map(({ id, data }) => {
          state.set(id, data);
          return { id, data };
        });
      // More than two pages.
      const first = Array.from({ length: 1_100 }, (_, at) => ({
        id: `a/${String(at)}`,
        data: holding(1, 0, 1),
      }));
      await Promise.all(apply(first).map(({ id, data }) => set(id, data)));
      const filled = totals.fill();
      for (const { id, data } of apply(during)) await set(id, data);
      await filled;
      for (const { id, data } of apply(afterwards)) await set(id, data);
      const sum = (vault: string, of: (it: Holding) => bigint) =>
        [...state].filter(([id]) => id.startsWith(vault)).reduce((all, [, it]) => all + of(it), 0n);
      for (const vault of ['a', 'b']) {
        const told = totals.vaults()?.find((it) => it.vault === vault);
        expect([told?.balance ?? 0n, told?.reserved ?? 0n, told?.promised ?? 0n]).toEqual([
          sum(vault, (it) => it.balance),
          sum(vault, (it) => it.reserved),
          sum(vault, (it) => it.promised),
        ]);
      }
    }),
    { numRuns: 15 },
  );
});
