import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ITEM, openForTest, type OpenStore, PAIR, rowsOnly } from './contract-fixture.ts';
import type { EventStore, Query, Row, RowWrite } from './event-store.ts';

const ROWS: readonly Row[] = [
  { id: 'a', owner: 'x', place: 1, amount: 10n, open: true, note: null },
  { id: 'b', owner: 'x', place: 2, amount: -(10n ** 40n), open: false, note: { n: 1n } },
  { id: 'c', owner: 'y', place: null, amount: null, open: null, note: [1, 'two'] },
  { id: 'd', owner: 'z%', place: -5, amount: 0n, open: true, note: null },
  { id: "e'; DROP TABLE item; --", owner: 'y', place: 3, amount: 1n, open: false, note: null },
];

/** First letter of the row's id, enough to tell the rows apart. */
function initial(row: Row): string {
  return (row['id'] as string).slice(0, 1);
}

async function openFilled(open: OpenStore): Promise<EventStore> {
  const { store } = await openForTest(open);
  await store.commit(rowsOnly(...ROWS.map((row): RowWrite => ({ op: 'insert', table: ITEM.name, row }))));
  return store;
}

export function describeQueries(name: string, open: OpenStore): void {
  describe(`${name}: queries`, () => {
    test.each<[string, NonNullable<Query['where']>, string]>([
      ['everything', {}, 'abcde'],
      ['equality', { owner: 'x' }, 'ab'],
      ['equality of two columns', { owner: 'x', place: 2 }, 'b'],
      ['null', { place: null }, 'c'],
      ['not null', { place: { not: null } }, 'abde'],
      ['not a value, null included', { place: { not: 1 } }, 'bcde'],
      ['one of several', { id: { in: ['a', 'c', 'q'] } }, 'ac'],
      ['one of several integers', { place: { in: [3, -5] } }, 'de'],
      ['one of none', { id: { in: [] } }, ''],
      ['less', { place: { lt: 2 } }, 'ad'],
      ['less or equal', { place: { lte: 2 } }, 'abd'],
      ['greater', { place: { gt: 2 } }, 'e'],
      ['greater or equal', { place: { gte: 2 } }, 'be'],
      ['text in order', { id: { gt: 'c' } }, 'de'],
      ['a boolean', { open: false }, 'be'],
      ['a bigint by its decimal text', { amount: `-1${'0'.repeat(40)}` }, 'b'],
      ['a bigint by a number', { amount: 10 }, 'a'],
      ['a value that looks like SQL', { id: "e'; DROP TABLE item; --" }, 'e'],
      ['a value that looks like a pattern', { owner: 'z%' }, 'd'],
    ])('finds and counts by %s', async (_, where, expected) => {
      const store = await openFilled(open);
      const rows = await store.find({ table: ITEM.name, where, orderBy: [['id', 'asc']] });
      expect(rows.map((it) => initial(it)).join('')).toBe(expected);
      expect(rows).toEqual(ROWS.filter((it) => rows.some((row) => row['id'] === it['id'])));
      expect(await store.count({ table: ITEM.name, where })).toBe(expected.length);
    });

    test('null sorts lowest, both ways', async () => {
      const store = await openFilled(open);
      const order = async (direction: 'asc' | 'desc'): Promise<string> => {
        const rows = await store.find({ table: ITEM.name, orderBy: [['place', direction]], limit: 5 });
        return rows.map((it) => initial(it)).join('');
      };
      expect(await order('asc')).toBe('cdabe');
      expect(await order('desc')).toBe('ebadc');
    });

    test.each<[string, Query, RegExp]>([
      ['an unknown table', { table: 'nothing' }, /no such table/],
      ['an unknown column', { table: 'item', where: { colour: 'red' } }, /no column colour/],
      ['an unknown column to order by', { table: 'item', orderBy: [['colour', 'asc']] }, /no column colour/],
      ['a name that is SQL', { table: 'item', where: { '1=1 OR id': 'a' } }, /no column/],
      ['a value of another type', { table: 'item', where: { place: '1' } }, /cannot be compared/],
      ['an order of bigint', { table: 'item', where: { amount: { lt: '5' } } }, /has no order/],
      ['an order by JSON', { table: 'item', orderBy: [['note', 'asc']] }, /has no order/],
      ['a limit beyond the greatest', { table: 'item', limit: 10_001 }, /limit/],
      ['a limit of 0', { table: 'item', limit: 0 }, /limit/],
      ['pages without order', { table: 'item', after: ['a'] }, /after/],
      [
        'pages by half the order',
        {
          table: 'item',
          orderBy: [
            ['place', 'asc'],
            ['id', 'asc'],
          ],
          after: [1],
        },
        /after/,
      ],
      ['pages by an order with ties', { table: 'item', orderBy: [['place', 'asc']], after: [1] }, /key/],
    ])('refuses %s', async (_, query, message) => {
      const store = await openFilled(open);
      const found = store.find(query);
      await expect(found).rejects.toMatchObject({ code: 'invalid_query' });
      await expect(found).rejects.toThrow(message);
    });

    test('more rows than the greatest limit need a limit: an answer is never silently cut', async () => {
      const { store } = await openForTest(open);
      const rows = Array.from({ length: 10_001 }, (_, right): RowWrite => ({
        op: 'insert',
        table: PAIR.name,
        row: { left: 'l', right },
      }));
      await store.commit(rowsOnly(...rows));
      await expect(store.find({ table: PAIR.name })).rejects.toThrow(/limit/);
      expect(await store.find({ table: PAIR.name, limit: 10_000 })).toHaveLength(10_000);
      expect(await store.count({ table: PAIR.name })).toBe(10_001);
      expect(await store.count({ table: PAIR.name, limit: 7 })).toBe(7);
      expect(await store.count({ table: PAIR.name, where: { right: { lt: 3 } }, limit: 7 })).toBe(3);
    });

    test('pages together give every row once, in every direction', async () => {
      const direction = fc.constantFrom('asc', 'desc');
      const pairs = fc.uniqueArray(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.integer({ min: 0, max: 5 })), {
        selector: (it) => it.join(),
        maxLength: 18,
      });
      const property = fc.asyncProperty(
        pairs,
        direction,
        direction,
        direction,
        async (keys, first, second, third) => {
          const { store } = await openForTest(open);
          await store.commit(
            rowsOnly(
              ...keys.map(([left, right]): RowWrite => ({
                op: 'insert',
                table: PAIR.name,
                row: { left, right, rank: right % 3 },
              })),
            ),
          );
          const orderBy = [
            ['rank', first],
            ['left', second],
            ['right', third],
          ] as const;
          const whole = await store.find({ table: PAIR.name, orderBy });
          const paged: Row[] = [];
          for (;;) {
            const last = paged.at(-1);
            const after =
              last === undefined ? {} : { after: orderBy.map(([column]) => last[column] as string | number) };
            const page = await store.find({ table: PAIR.name, orderBy, limit: 4, ...after });
            paged.push(...page);
            if (page.length < 4) break;
          }
          expect(paged).toEqual(whole);
          expect(paged).toHaveLength(keys.length);
          await store.close();
        },
      );
      await fc.assert(property, { numRuns: 30 });
    });

    test('pages may leave out of their order what the query fixes to one value', async () => {
      const { store } = await openForTest(open);
      const rows = ['a', 'b'].flatMap((left) =>
        [1, 2, 3].map((right): RowWrite => ({ op: 'insert', table: PAIR.name, row: { left, right } })),
      );
      await store.commit(rowsOnly(...rows));
      const page = { table: PAIR.name, orderBy: [['right', 'asc']], after: [1], limit: 5 } as const;
      const found = await store.find({ ...page, where: { left: 'b' } });
      expect(found.map((it) => [it['left'], it['right']])).toEqual([
        ['b', 2],
        ['b', 3],
      ]);
      await expect(store.find({ ...page, where: { left: { in: ['b'] } } })).rejects.toThrow(/key/);
    });

    test('pages downwards reach the rows without a value', async () => {
      const store = await openFilled(open);
      const orderBy = [
        ['place', 'desc'],
        ['id', 'asc'],
      ] as const;
      const rows = await store.find({ table: ITEM.name, orderBy, after: [1, 'a'] });
      expect(rows.map((it) => it['id'])).toEqual(['d', 'c']);
    });
  });
}
