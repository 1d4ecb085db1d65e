import { describe, expect, test } from 'vitest';
import { appendOne, endings, event, ITEM, openForTest, type OpenStore } from './contract-fixture.ts';
import { PAIR, rowsOnly, wholeLog } from './contract-fixture.ts';
import type { Commit, RowWrite } from './event-store.ts';

const metadata = { actor: 'test' };

function item(id: string, owner: string, place: number): RowWrite {
  return { op: 'insert', table: ITEM.name, row: { id, owner, place } };
}

export function describeCommits(name: string, open: OpenStore): void {
  describe(`${name}: commits`, () => {
    test('appends to several streams, rows and guards are one unit, and are told as stored', async () => {
      const { store, clock } = await openForTest(open);
      const why = { actor: 'alice', reason: 'because', correlation: 'c-1', causation: '0xabc' };
      const committed = await store.commit({
        appends: [
          {
            stream: 'a/1',
            expectedVersion: 0,
            events: [event('one', { n: 1 }), event('two', { n: 2n ** 200n })],
          },
          { stream: 'b/x/y', expectedVersion: 0, events: [event('three')] },
          { stream: 'c/1', expectedVersion: 0, events: [] },
        ],
        guards: [{ name: 'nonce', expected: 0 }],
        writes: (stamp) => [
          { op: 'insert', table: ITEM.name, row: { id: 'i', owner: 'o', place: stamp.timeMs } },
        ],
        metadata: why,
      });
      expect(committed.timeMs).toBe(clock.nowMs());
      expect(committed.events.map((it) => [it.position, it.stream, it.version, it.type])).toEqual([
        [1, 'a/1', 1, 'one'],
        [2, 'a/1', 2, 'two'],
        [3, 'b/x/y', 1, 'three'],
      ]);
      expect(await wholeLog(store)).toEqual(committed.events);
      expect(committed.events.every((it) => it.metadata.causation === '0xabc')).toBe(true);
      expect(await store.find({ table: ITEM.name })).toEqual([
        { id: 'i', owner: 'o', place: clock.nowMs(), amount: null, open: null, note: null },
      ]);
      expect(await store.guard('nonce')).toBe(1);
    });

    test('a stream without new events is only required to stand where it is said to', async () => {
      const { store } = await openForTest(open);
      await store.commit(appendOne('a/1', 0));
      const require = (expectedVersion: number): Commit => ({
        appends: [{ stream: 'a/1', expectedVersion, events: [] }],
        writes: () => [item(`i${expectedVersion}`, 'o', expectedVersion)],
        metadata,
      });
      expect(await endings([store.commit(require(1)), store.commit(require(2))])).toEqual([
        'ok',
        'VersionConflict',
      ]);
      expect(await store.count({ table: ITEM.name })).toBe(1);
    });

    test('a guard lets one of two decisions on the same facts through', async () => {
      const { store } = await openForTest(open);
      const take = (id: string): Promise<unknown> =>
        store.commit({ ...appendOne(`a/${id}`, 0), guards: [{ name: 'inventory', expected: 0 }] });
      expect(await endings([take('1'), take('2')])).toEqual(['ok', 'GuardConflict']);
      expect(await store.guard('inventory')).toBe(1);
      expect(await store.readStream('a/2')).toEqual([]);
    });

    test('a refusal in a group leaves the other commits of the group alone', async () => {
      const { store } = await openForTest(open);
      const withRow = (id: string, write: RowWrite): Promise<unknown> =>
        store.commit({ ...appendOne(`a/${id}`, 0), writes: () => [item(id, id, 1), write] });
      const ended = await endings([
        withRow('1', item('one', 'o', 1)),
        withRow('2', item('two', 'o', 1)),
        withRow('3', { op: 'update', table: ITEM.name, key: { id: 'nobody' }, set: { place: 3 } }),
        withRow('4', { op: 'delete', table: ITEM.name, key: { id: 'nobody' } }),
        withRow('5', { op: 'insert', table: ITEM.name, row: { id: 'five', place: 1 } }),
        withRow('6', item('one', 'p', 2)),
        withRow('7', item('seven', 'p', 2)),
      ]);
      expect(ended).toEqual([
        'ok',
        'UniqueViolation',
        'RowMissing',
        'RowMissing',
        'InvalidRow',
        'UniqueViolation',
        'ok',
      ]);
      expect((await wholeLog(store)).map((it) => it.stream)).toEqual(['a/1', 'a/7']);
      const ids = (await store.find({ table: ITEM.name, orderBy: [['id', 'asc']] })).map((it) => it['id']);
      expect(ids).toEqual(['1', '7', 'one', 'seven']);
    });

    test('a unique violation names the table and its columns', async () => {
      const { store } = await openForTest(open);
      await store.commit(rowsOnly(item('1', 'o', 1)));
      await expect(store.commit(rowsOnly(item('2', 'o', 1)))).rejects.toMatchObject({
        table: 'item',
        columns: ['owner', 'place'],
      });
      await expect(store.commit(rowsOnly(item('1', 'p', 1)))).rejects.toMatchObject({ columns: ['id'] });
      const pair: RowWrite = { op: 'insert', table: PAIR.name, row: { left: 'l', right: 1 } };
      await expect(store.commit(rowsOnly(pair, pair))).rejects.toMatchObject({ columns: ['left', 'right'] });
    });

    test('rows are computed once, and only when every version was found right', async () => {
      const { store } = await openForTest(open);
      let calls = 0;
      const writes = (): readonly RowWrite[] => {
        calls += 1;
        return [item('same', 'o', 1)];
      };
      const commit = (id: string, expected: number): Promise<unknown> =>
        store.commit({ ...appendOne(`a/${id}`, expected), writes });
      const ended = await endings([commit('1', 0), commit('2', 7), commit('3', 0), commit('4', 0)]);
      expect(ended).toEqual(['ok', 'VersionConflict', 'UniqueViolation', 'UniqueViolation']);
      expect(calls).toBe(3);
    });

    test('the error of writes refuses its own commit and reaches the caller', async () => {
      const { store } = await openForTest(open);
      const broken = store.commit({
        ...appendOne('a/1', 0),
        writes: () => {
          throw new RangeError('broken rule');
        },
      });
      expect(await endings([broken, store.commit(appendOne('a/2', 0))])).toEqual(['RangeError', 'ok']);
      expect((await wholeLog(store)).map((it) => it.stream)).toEqual(['a/2']);
    });

    test.each<[string, Commit]>([
      [
        'a stream twice',
        { appends: [...appendOne('a/1', 0).appends, ...appendOne('a/1', 1).appends], metadata },
      ],
      ['a stream without category', appendOne('lonely', 0)],
      ['a negative version', appendOne('a/1', -1)],
      [
        'a schema of 0',
        {
          appends: [
            { ...appendOne('a/1', 0).appends[0], events: [{ type: 't', schema: 0, data: {} }] },
          ] as Commit['appends'],
          metadata,
        },
      ],
      [
        'a guard twice',
        {
          appends: [],
          guards: [
            { name: 'g', expected: 0 },
            { name: 'g', expected: 1 },
          ],
          metadata,
        },
      ],
    ])('refuses %s', async (_, commit) => {
      const { store } = await openForTest(open);
      await expect(store.commit(commit)).rejects.toMatchObject({ code: 'invalid_commit' });
      expect(await wholeLog(store)).toEqual([]);
    });

    test('upsert inserts, then changes only the columns it names; update and delete do what they say', async () => {
      const { store } = await openForTest(open);
      const upsert = (row: Record<string, string | number | bigint>): RowWrite => ({
        op: 'upsert',
        table: ITEM.name,
        row,
      });
      await store.commit(rowsOnly(upsert({ id: '1', owner: 'o', place: 1, amount: 5n })));
      await store.commit(rowsOnly(upsert({ id: '1', owner: 'p', amount: 6n })));
      expect(await store.find({ table: ITEM.name })).toMatchObject([{ owner: 'p', place: 1, amount: 6n }]);
      await store.commit(
        rowsOnly({ op: 'update', table: ITEM.name, key: { id: '1' }, set: { place: null, open: true } }),
      );
      expect(await store.find({ table: ITEM.name })).toMatchObject([{ owner: 'p', place: null, open: true }]);
      await store.commit(rowsOnly({ op: 'delete', table: ITEM.name, key: { id: '1' } }));
      expect(await store.count({ table: ITEM.name })).toBe(0);
    });

    test.each<[string, RowWrite]>([
      ['an unknown table', { op: 'insert', table: 'nothing', row: {} }],
      ['an unknown column', { op: 'insert', table: 'item', row: { id: '1', owner: 'o', colour: 'red' } }],
      ['a value of another type', { op: 'insert', table: 'item', row: { id: '1', owner: 'o', amount: 5 } }],
      [
        'an integer that is not exact',
        { op: 'insert', table: 'item', row: { id: '1', owner: 'o', place: 2 ** 60 } },
      ],
      [
        'text that would come back changed',
        { op: 'insert', table: 'item', row: { id: '1', owner: '\ud800' } },
      ],
      ['half a key', { op: 'delete', table: 'pair', key: { left: 'l' } }],
      ['a changed key', { op: 'update', table: 'item', key: { id: '1' }, set: { id: '2' } }],
    ])('refuses a row with %s', async (_, write) => {
      const { store } = await openForTest(open);
      await expect(store.commit(rowsOnly(write))).rejects.toMatchObject({ code: 'invalid_row' });
    });

    test('time never goes back, whatever the clock does', async () => {
      const { store, clock } = await openForTest(open);
      clock.set(5_000);
      await store.commit(appendOne('a/1', 0));
      clock.set(1_000);
      const rows = await store.commit(rowsOnly(item('1', 'o', 1)));
      await store.commit(appendOne('a/1', 1));
      clock.set(6_000);
      await store.commit(appendOne('a/1', 2));
      expect(rows.timeMs).toBe(5_000);
      expect((await store.readStream('a/1')).map((it) => it.timeMs)).toEqual([5_000, 5_000, 6_000]);
    });

    test('listeners hear durable commits in order, not refused ones, until they are removed', async () => {
      const { store } = await openForTest(open);
      const heard: string[][] = [];
      const remove = store.onCommitted(({ events }) => heard.push(events.map((it) => it.stream)));
      await endings([
        store.commit(appendOne('a/1', 0)),
        store.commit(appendOne('a/1', 0)),
        store.commit(rowsOnly(item('1', 'o', 1))),
        store.commit(appendOne('a/2', 0)),
      ]);
      remove();
      await store.commit(appendOne('a/3', 0));
      expect(heard).toEqual([['a/1'], [], ['a/2']]);
    });

    test('closing waits for what was handed in, and refuses what comes later', async () => {
      const { store, fatal } = await openForTest(open);
      const before = Array.from({ length: 50 }, (_, at) => store.commit(appendOne(`a/${at}`, 0)));
      const closed = store.close();
      const after = store.commit(appendOne('b/1', 0));
      await expect(after).rejects.toMatchObject({ code: 'store_closed' });
      await closed;
      expect(new Set(await endings(before))).toEqual(new Set(['ok']));
      await expect(store.readStream('a/1')).rejects.toMatchObject({ code: 'store_closed' });
      await store.close();
      expect(fatal).toEqual([]);
    });
  });
}
