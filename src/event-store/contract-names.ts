import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  appendOne,
  DEED,
  endings,
  openForTest,
  type OpenStore,
  rowsOnly,
  wholeLog,
} from './contract-fixture.ts';
import type { Query, Row, RowWrite } from './event-store.ts';

const UUID = '0f8fad5b-d9cb-469f-a165-70867728950e';

/** Texts that a store which keeps some names in another form could take for one another. */
const CONFUSABLE = [
  UUID,
  UUID.toUpperCase(),
  UUID.replaceAll('-', ''),
  `${UUID} `,
  `x'${UUID.replaceAll('-', '')}'`,
  '7',
  '07',
  ' ',
  '\u0000',
  'ä',
];

const deed = (id: string, holder: string | null, rank: number | null = null): RowWrite => ({
  op: 'insert',
  table: DEED.name,
  row: { id, holder, rank },
});

export function describeNames(name: string, open: OpenStore): void {
  describe(`${name}: names`, () => {
    test('come back as they were given, each its own, as ids of streams and in rows', async () => {
      const { store } = await openForTest(open);
      for (const text of CONFUSABLE) {
        await store.commit({ ...appendOne(`a/${text}`, 0), writes: () => [deed(text, text)] });
      }
      expect((await wholeLog(store)).map((it) => it.stream)).toEqual(CONFUSABLE.map((it) => `a/${it}`));
      for (const text of CONFUSABLE) {
        expect(await store.readStream(`a/${text}`)).toMatchObject([{ stream: `a/${text}`, version: 1 }]);
        const found = await store.find({ table: DEED.name, where: { holder: text } });
        expect(found).toEqual([{ id: text, holder: text, rank: null }]);
      }
    });

    test('of one category are no streams of another', async () => {
      const { store } = await openForTest(open);
      await store.commit(appendOne('a/1', 0));
      await store.commit(appendOne('b/1', 0));
      await store.commit(appendOne('a/1', 1));
      expect(await store.readStream('b/1')).toMatchObject([{ stream: 'b/1', version: 1 }]);
      expect(await store.readStream('c/1')).toEqual([]);
      expect(await store.readAll({ after: 0, limit: 9, category: 'a' })).toMatchObject([
        { stream: 'a/1', version: 1 },
        { stream: 'a/1', version: 2 },
      ]);
    });

    test.each<[string, NonNullable<Query['where']>, string]>([
      ['equality', { holder: 'x' }, 'ab'],
      ['equality with nothing', { holder: 'nobody' }, ''],
      ['null', { holder: null }, 'd'],
      ['not null', { holder: { not: null } }, 'abc'],
      ['not a value, null included', { holder: { not: 'x' } }, 'cd'],
      ['not a value that nothing has', { holder: { not: 'nobody' } }, 'abcd'],
      ['one of several', { holder: { in: ['y', 'nobody'] } }, 'c'],
      ['one of several keys', { id: { in: ['d', 'a', 'q'] } }, 'ad'],
      ['a key and another column', { id: 'a', rank: 1 }, 'a'],
      ['a partial index', { rank: { gte: 2 } }, 'bc'],
      ['another one', { holder: null, rank: null }, 'd'],
    ])('find and count by %s', async (_, where, expected) => {
      const { store } = await openForTest(open);
      await store.commit(rowsOnly(deed('a', 'x', 1), deed('b', 'x', 2), deed('c', 'y', 2), deed('d', null)));
      const rows = await store.find({ table: DEED.name, where, orderBy: [['id', 'asc']] });
      expect(rows.map((it) => it['id'] as string).join('')).toBe(expected);
      expect(await store.count({ table: DEED.name, where })).toBe(expected.length);
    });

    test('have an order to page by, which is theirs in time', async () => {
      const { store } = await openForTest(open);
      for (const id of ['z', 'y', 'a', 'm']) await store.commit(rowsOnly(deed(id, null)));
      const walk = async (direction: 'asc' | 'desc'): Promise<string> => {
        let seen = '';
        for (;;) {
          const after = seen === '' ? {} : { after: [seen.slice(-1)] };
          const query = { table: DEED.name, orderBy: [['id', direction]] as const, limit: 1, ...after };
          const [row] = await store.find(query);
          if (row === undefined) return seen;
          seen += row['id'] as string;
        }
      };
      expect([await walk('asc'), await walk('desc')]).toEqual(['zyam', 'mayz']);
    });

    test.each([{ lt: 'b' }, { gte: 'b' }])('are not greater or less: %j is refused', async (condition) => {
      const { store } = await openForTest(open);
      const found = store.find({ table: DEED.name, where: { holder: condition } });
      await expect(found).rejects.toMatchObject({ code: 'invalid_query' });
    });

    test('name the columns that are taken, and the row that is missing', async () => {
      const { store } = await openForTest(open);
      await store.commit(rowsOnly(deed('a', 'x', 1)));
      await expect(store.commit(rowsOnly(deed('a', 'y')))).rejects.toMatchObject({ columns: ['id'] });
      const taken = store.commit(rowsOnly(deed('b', 'x', 1)));
      await expect(taken).rejects.toMatchObject({ columns: ['holder', 'rank'] });
      const missing = rowsOnly({ op: 'delete', table: DEED.name, key: { id: 'b' } });
      await expect(store.commit(missing)).rejects.toMatchObject({ code: 'row_missing' });
      const halfText = store.commit(rowsOnly(deed('\ud800', 'x')));
      await expect(halfText).rejects.toMatchObject({ code: 'invalid_row' });
    });

    test('that a refused commit would have been the first to use mean nothing else afterwards', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(group, { minLength: 1, maxLength: 4 }), async (groups) => {
          const { store } = await openForTest(open);
          const expected = new Map<string, Row>();
          for (const commits of groups) {
            const ended = await endings(
              commits.map(({ id, holder, stale }) => {
                return store.commit({
                  ...appendOne(`a/${id}-stream`, 0),
                  writes: () => [
                    { op: 'upsert', table: DEED.name, row: { id, holder } },
                    ...(stale ? [{ op: 'delete', table: DEED.name, key: { id: 'nothing' } } as const] : []),
                  ],
                });
              }),
            );
            commits.forEach(({ id, holder }, at) => {
              if (ended[at] === 'ok') expected.set(id, { id, holder, rank: null });
            });
          }
          const rows = await store.find({ table: DEED.name, limit: 100 });
          const byId = (a: Row, b: Row): number => ((a['id'] as string) < (b['id'] as string) ? -1 : 1);
          expect(rows.toSorted(byId)).toEqual([...expected.values()].toSorted(byId));
          const streams = (await wholeLog(store)).map((it) => it.stream);
          expect(new Set(streams)).toEqual(new Set([...expected.keys()].map((it) => `a/${it}-stream`)));
        }),
        { numRuns: 15 },
      );
    });
  });
}

/** Commits that arrive together, some of which are refused after they have written. */
const group = fc.array(
  fc.record({
    id: fc.constantFrom('1', '2', '3', '4', '5'),
    holder: fc.constantFrom('x', 'y', 'z', UUID),
    stale: fc.boolean(),
  }),
  { minLength: 1, maxLength: 5 },
);
