import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { endings, event, ITEM, openForTest, type OpenStore, wholeLog } from './contract-fixture.ts';
import type { Commit, EventStore, Row, RowWrite } from './event-store.ts';

/** A commit in the test's own words; versions and guards are relative to what the model expects. */
interface Plan {
  readonly appends: readonly { readonly stream: string; readonly off: number; readonly events: number }[];
  readonly guard: { readonly off: number } | null;
  readonly rows: readonly RowPlan[];
}

interface RowPlan {
  readonly op: RowWrite['op'];
  readonly id: string;
  readonly owner: string;
  readonly place: number;
}

const few = (...weights: readonly number[]): fc.Arbitrary<number> => fc.constantFrom(...weights);

const plan: fc.Arbitrary<Plan> = fc.record({
  appends: fc.uniqueArray(
    fc.record({
      stream: fc.constantFrom('a/1', 'a/2', 'b/1', 'b/2'),
      off: few(0, 0, 0, 0, 0, 1),
      events: few(0, 1, 1, 2),
    }),
    { selector: (it) => it.stream, maxLength: 3 },
  ),
  guard: fc.option(fc.record({ off: few(0, 0, 0, 1) }), { nil: null }),
  rows: fc.array(
    fc.record({
      op: fc.constantFrom<RowWrite['op']>('insert', 'insert', 'upsert', 'update', 'delete'),
      id: fc.constantFrom('1', '2', '3', '4', '5'),
      owner: fc.constantFrom('x', 'y', 'z'),
      place: fc.integer({ min: 1, max: 3 }),
    }),
    { maxLength: 3 },
  ),
});

/** The contract in its simplest form: maps, one commit after the other. */
function createModel() {
  const versions = new Map<string, number>();
  const log: string[] = [];
  let guard = 0;
  let rows = new Map<string, RowPlan>();

  const applyRows = (plans: readonly RowPlan[]): Map<string, RowPlan> | string => {
    const next = new Map(rows);
    for (const row of plans) {
      const clash = [...next.values()].some(
        (it) => it.id !== row.id && it.owner === row.owner && it.place === row.place,
      );
      const known = next.has(row.id);
      if ((row.op === 'update' || row.op === 'delete') && !known) return 'RowMissing';
      if (row.op === 'delete') next.delete(row.id);
      else if (clash || (row.op === 'insert' && known)) return 'UniqueViolation';
      else next.set(row.id, row);
    }
    return next;
  };

  return {
    log,
    rows: () => [...rows.values()].sort((a, b) => (a.id < b.id ? -1 : 1)),
    guard: () => guard,
    /** The commit that the plan means now, and how it must end. */
    take(plan: Plan): { readonly commit: Commit; readonly ending: string } {
      const commit = toCommit(plan, versions, guard);
      if (plan.appends.some((it) => it.off !== 0)) return { commit, ending: 'VersionConflict' };
      if (plan.guard !== null && plan.guard.off !== 0) return { commit, ending: 'GuardConflict' };
      const next = applyRows(plan.rows);
      if (typeof next === 'string') return { commit, ending: next };
      rows = next;
      if (plan.guard !== null) guard += 1;
      for (const { stream, events } of plan.appends) {
        for (let at = 0; at < events; at += 1) {
          versions.set(stream, (versions.get(stream) ?? 0) + 1);
          log.push(`${stream}@${versions.get(stream)}`);
        }
      }
      return { commit, ending: 'ok' };
    },
  };
}

function toCommit(plan: Plan, versions: ReadonlyMap<string, number>, guard: number): Commit {
  return {
    appends: plan.appends.map(({ stream, off, events }) => ({
      stream,
      expectedVersion: (versions.get(stream) ?? 0) + off,
      events: Array.from({ length: events }, () => event('happened')),
    })),
    ...(plan.guard === null ? {} : { guards: [{ name: 'g', expected: guard + plan.guard.off }] }),
    writes: () => plan.rows.map(toWrite),
    metadata: { actor: 'test' },
  };
}

function toWrite({ op, id, owner, place }: RowPlan): RowWrite {
  const table = ITEM.name;
  if (op === 'delete') return { op, table, key: { id } };
  if (op === 'update') return { op, table, key: { id }, set: { owner, place } };
  return { op, table, row: { id, owner, place } };
}

async function storedRows(store: EventStore): Promise<readonly Row[]> {
  return store.find({ table: ITEM.name, orderBy: [['id', 'asc']] });
}

export function describeModel(name: string, open: OpenStore): void {
  describe(`${name}: any commits, handed in together or apart`, () => {
    test('end as in a model that takes them one after the other', async () => {
      const groups = fc.array(fc.array(plan, { minLength: 1, maxLength: 12 }), { maxLength: 4 });
      const property = fc.asyncProperty(groups, async (batches) => {
        const { store, fatal } = await openForTest(open);
        const model = createModel();
        const heard: string[] = [];
        store.onCommitted(({ events }) => heard.push(...events.map((it) => `${it.stream}@${it.version}`)));
        for (const batch of batches) {
          const taken = batch.map((it) => model.take(it));
          const ended = await endings(taken.map((it) => store.commit(it.commit)));
          expect(ended).toEqual(taken.map((it) => it.ending));
        }
        const log = await wholeLog(store);
        expect(log.map((it) => `${it.stream}@${it.version}`)).toEqual(model.log);
        expect(heard).toEqual(model.log);
        expect(await store.guard('g')).toBe(model.guard());
        const wanted = model.rows().map(({ id, owner, place }) => ({ id, owner, place }));
        expect(await storedRows(store)).toMatchObject(wanted);
        expect(await store.count({ table: ITEM.name })).toBe(wanted.length);
        expect(fatal).toEqual([]);
        await store.close();
      });
      await fc.assert(property, { numRuns: 150 });
    });
  });
}
