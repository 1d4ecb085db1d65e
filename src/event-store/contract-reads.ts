import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  appendOne,
  event,
  ITEM,
  openForTest,
  type OpenStore,
  rowsOnly,
  wholeLog,
} from './contract-fixture.ts';
import type { Json, JsonObject, UpTo } from './event-store.ts';

const json = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constant(null),
    fc.boolean(),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((it) => (Object.is(it, -0) ? 0 : it)),
    fc.string({ unit: 'binary' }),
    fc.bigInt({ min: -(2n ** 256n), max: 2n ** 256n }),
    fc.array(tie('value')),
    fc.dictionary(
      fc.oneof(fc.string(), fc.constantFrom('$bigint', '$$bigint', '__proto__', '')),
      tie('value'),
    ),
  ),
})).value;

export function describeReads(name: string, open: OpenStore): void {
  describe(`${name}: reading the log`, () => {
    test('a stream is read up to a version, a position or a moment, inclusive', async () => {
      const { store, clock } = await openForTest(open);
      for (let version = 0; version < 4; version += 1) {
        clock.set(1_000 + version * 10);
        await store.commit(appendOne('a/1', version));
        await store.commit(appendOne('b/1', version));
      }
      const versions = async (upTo?: UpTo): Promise<readonly number[]> =>
        (await store.readStream('a/1', upTo)).map((it) => it.version);
      expect(await versions()).toEqual([1, 2, 3, 4]);
      expect(await versions({ version: 2 })).toEqual([1, 2]);
      expect(await versions({ position: 5 })).toEqual([1, 2, 3]);
      expect(await versions({ position: 4 })).toEqual([1, 2]);
      expect(await versions({ timeMs: 1_020 })).toEqual([1, 2, 3]);
      expect(await versions({ timeMs: 1_019 })).toEqual([1, 2]);
      expect(await versions({ timeMs: 999 })).toEqual([]);
      expect(await store.readStream('a/2')).toEqual([]);
    });

    test('many streams are read at once; unknown ones are absent', async () => {
      const { store } = await openForTest(open);
      await store.commit(appendOne('a/1', 0));
      await store.commit(appendOne('a/1', 1));
      await store.commit(appendOne('a/2', 0));
      const found = await store.readStreams(['a/2', 'a/9', 'a/1', 'a/1']);
      expect([...found].map(([stream, events]) => [stream, events.length])).toEqual([
        ['a/2', 1],
        ['a/1', 2],
      ]);
    });

    test('the log is read in pages, whole, by category, and up to a point', async () => {
      const { store, clock } = await openForTest(open);
      for (let at = 0; at < 10; at += 1) {
        clock.set(1_000 + at);
        await store.commit(appendOne(`${at % 2 === 0 ? 'even' : 'even-not'}/${at}`, 0));
      }
      const positions = async (options: Parameters<typeof store.readAll>[0]): Promise<readonly number[]> =>
        (await store.readAll(options)).map((it) => it.position);
      expect(await positions({ after: 0, limit: 3 })).toEqual([1, 2, 3]);
      expect(await positions({ after: 8, limit: 3 })).toEqual([9, 10]);
      expect(await positions({ after: 10, limit: 3 })).toEqual([]);
      expect(await positions({ after: 0, limit: 10, category: 'even' })).toEqual([1, 3, 5, 7, 9]);
      expect(await positions({ after: 3, limit: 2, category: 'even' })).toEqual([5, 7]);
      expect(await positions({ after: 0, limit: 10, upTo: { position: 4 } })).toEqual([1, 2, 3, 4]);
      expect(await positions({ after: 0, limit: 10, upTo: { timeMs: 1_001 } })).toEqual([1, 2]);
      expect(await store.lastPosition()).toBe(10);
      await expect(store.readAll({ after: 0, limit: 10_001 })).rejects.toMatchObject({
        code: 'invalid_query',
      });
      await expect(store.readAll({ after: 0, limit: 0 })).rejects.toMatchObject({ code: 'invalid_query' });
    });

    test('an empty store has no last position and no guards', async () => {
      const { store } = await openForTest(open);
      expect(await store.lastPosition()).toBe(0);
      expect(await store.guard('any')).toBe(0);
    });

    test('data comes back exactly, in events and in rows', async () => {
      const { store } = await openForTest(open);
      let number = 0;
      const property = fc.asyncProperty(json, fc.bigInt(), async (value, amount) => {
        number += 1;
        const id = String(number);
        await store.commit({
          appends: [{ stream: `a/${id}`, expectedVersion: 0, events: [event('t', { value })] }],
          writes: () => [{ op: 'insert', table: ITEM.name, row: { id, owner: id, amount, note: { value } } }],
          metadata: { actor: 'test' },
        });
        const [stored] = await store.readStream(`a/${id}`);
        expect(stored?.data).toEqual({ value });
        const [row] = await store.find({ table: ITEM.name, where: { id } });
        expect(row).toMatchObject({ amount, note: { value } });
      });
      await fc.assert(property, { numRuns: 100 });
    });

    test.each<[string, JsonObject]>([
      ['NaN', { value: Number.NaN }],
      ['an infinity', { value: Number.POSITIVE_INFINITY }],
      ['undefined in a list', { value: [undefined] as unknown as Json }],
      ['a date', { value: new Date(0) as unknown as Json }],
    ])('refuses data with %s, which would come back as something else', async (_, data) => {
      const { store } = await openForTest(open);
      const commit = appendOne('a/1', 0, data as Record<string, Json>);
      await expect(store.commit(commit)).rejects.toMatchObject({ code: 'not_json' });
      await expect(
        store.commit(rowsOnly({ op: 'insert', table: ITEM.name, row: { id: '1', owner: 'o', note: data } })),
      ).rejects.toMatchObject({ code: 'invalid_row' });
      expect(await wholeLog(store)).toEqual([]);
    });
  });
}
