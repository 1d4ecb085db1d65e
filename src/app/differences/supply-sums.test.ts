import { array, assert, asyncProperty, bigInt, boolean, constantFrom, record } from 'fast-check';
import { expect, test } from 'vitest';
import { anyKind, createLedger } from '../../event-store/create-ledger.ts';
import type { StreamKind } from '../../event-store/ledger.ts';
import { change } from '../../event-store/ledger.ts';
import { OPERATION_TABLE } from '../../operation/operation-row.ts';
import { openTestLedger } from '../../operation/test-ledger.ts';
import { systemTimers } from '../../ports/system.ts';
import { createSupplySums } from './supply-sums.ts';

type Toy = { readonly kind: string; readonly vault: string; readonly amount: bigint };
type ToyEvent = { readonly type: 'set'; readonly data: Toy };

/** An operation of which nothing counts but what it minted or burned. */
const TOY: StreamKind<Toy, ToyEvent> = {
  category: 'toy',
  initialState: { kind: 'mint', vault: 'a', amount: 0n },
  evolve: (_state, { data }) => data,
  phase: () => 'open',
  rows: ({ kind, vault, amount }, facts) => [
    {
      table: OPERATION_TABLE.name,
      row: {
        id: facts.id,
        kind,
        state: 'open',
        since_ms: facts.sinceMs,
        created_ms: facts.createdMs,
        version: facts.version,
        chain_id: 1,
        vault,
        shares: kind === 'mint' ? amount : 77n,
        burned: kind === 'redemption' ? amount : null,
      },
    },
  ],
};

const step = record({
  id: constantFrom('1', '2', '3', '4', '5', '6'),
  kind: constantFrom('mint', 'redemption', 'refund'),
  vault: constantFrom('a', 'b'),
  amount: bigInt(0n, 100n),
  /** The clock moves on; else several happen at one moment. */
  ticks: boolean(),
});

test('however commits fall into the adding up, the sums are those of all operations', async () => {
  await assert(
    asyncProperty(
      array(step, { maxLength: 12, size: 'max' }),
      array(step, { maxLength: 12, size: 'max' }),
      async (before, meanwhile) => {
        const { store, clock } = await openTestLedger([anyKind(TOY)]);
        const sums = createSupplySums({ store, timers: systemTimers });
        const ledger = createLedger(
          store,
          { kinds: [anyKind(TOY)], tables: [OPERATION_TABLE] },
          sums.onCommitted,
        );
        const wanted = new Map<string, Toy>();
        const commit = async ({ id, kind, vault, amount, ticks }: (typeof before)[number]) => {
          if (ticks) clock.advance(1);
          const loaded = await ledger.load(TOY, id);
          // An operation never becomes one of another kind.
          const data = { kind: loaded.version === 0 ? kind : loaded.state.kind, vault, amount };
          await ledger.commit({
            changes: [change(TOY, loaded, [{ type: 'set', data }])],
            metadata: { actor: 'test' },
          });
          wanted.set(id, data);
        };
        for (const it of before) await commit(it);
        expect(sums.of(1, 'a')).toBeNull();
        const filling = sums.fill();
        for (const it of meanwhile) await commit(it);
        await filling;
        for (const vault of ['a', 'b']) {
          const own = [...wanted.values()].filter((it) => it.vault === vault);
          const sumOf = (kind: string) =>
            own.filter((it) => it.kind === kind).reduce((sum, it) => sum + it.amount, 0n);
          expect(sums.of(1, vault)).toEqual({ minted: sumOf('mint'), burned: sumOf('redemption') });
        }
        await store.close();
      },
    ),
    { numRuns: 60 },
  );
});
