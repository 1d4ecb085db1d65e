import { describe, expect, test } from 'vitest';
import {
  appendOne,
  endings,
  event,
  ITEM,
  openForTest,
  type OpenStore,
  wholeLog,
} from './contract-fixture.ts';
import { describeCommits } from './contract-commits.ts';
import { describeModel } from './contract-model.ts';
import { describeNames } from './contract-names.ts';
import { describeQueries } from './contract-queries.ts';
import { describeReads } from './contract-reads.ts';
import { VersionConflict } from './errors.ts';

/** What every engine of the event store must do. Runs in the test file of each engine. */
export function describeEventStore(name: string, open: OpenStore): void {
  describe(`${name}: the four faults that disqualified other event stores`, () => {
    test('a refused stale version writes nothing, not even to the streams named before it', async () => {
      const { store } = await openForTest(open);
      await store.commit(appendOne('a/1', 0));
      const stale = store.commit({
        appends: [
          { stream: 'b/1', expectedVersion: 0, events: [event('first')] },
          { stream: 'a/1', expectedVersion: 0, events: [event('second')] },
        ],
        guards: [{ name: 'g', expected: 0 }],
        writes: () => [{ op: 'insert', table: ITEM.name, row: { id: 'x', owner: 'o' } }],
        metadata: { actor: 'test' },
      });
      await expect(stale).rejects.toMatchObject({
        name: 'VersionConflict',
        stream: 'a/1',
        expected: 0,
        actual: 1,
      });
      expect(await wholeLog(store)).toHaveLength(1);
      expect(await store.readStream('b/1')).toEqual([]);
      expect(await store.guard('g')).toBe(0);
      expect(await store.count({ table: ITEM.name })).toBe(0);
    });

    test('"must not exist" is refused on a stream that exists', async () => {
      const { store } = await openForTest(open);
      await store.commit(appendOne('a/1', 0));
      await expect(store.commit(appendOne('a/1', 0))).rejects.toThrow(VersionConflict);
      expect(await store.readStream('a/1')).toHaveLength(1);
    });

    test('of 200 parallel appends none is lost', async () => {
      const { store } = await openForTest(open);
      const appendUntilTaken = async (number: number): Promise<void> => {
        for (let expected = 0; ;) {
          try {
            await store.commit(appendOne('a/1', expected, { number }));
            return;
          } catch (error) {
            if (!(error instanceof VersionConflict)) throw error;
            expected = error.actual;
          }
        }
      };
      const ownStreams = Array.from({ length: 200 }, (_, number) =>
        store.commit(appendOne(`b/${number}`, 0)),
      );
      const oneStream = Array.from({ length: 200 }, (_, number) => appendUntilTaken(number));
      await Promise.all([...ownStreams, ...oneStream]);
      const events = await store.readStream('a/1');
      expect(events.map((it) => it.version)).toEqual(Array.from({ length: 200 }, (_, at) => at + 1));
      expect(new Set(events.map((it) => it.data['number'])).size).toBe(200);
      expect(await wholeLog(store)).toHaveLength(400);
    });

    test('of 200 parallel first appends to one stream exactly one is taken', async () => {
      const { store } = await openForTest(open);
      const ended = await endings(Array.from({ length: 200 }, () => store.commit(appendOne('a/1', 0))));
      expect(ended.filter((it) => it === 'ok')).toHaveLength(1);
      expect(ended.filter((it) => it === 'VersionConflict')).toHaveLength(199);
      expect(await wholeLog(store)).toHaveLength(1);
    });

    test('a subscriber that throws sees its event again, and before any newer one', async () => {
      const { store, listenerErrors } = await openForTest(open);
      const seen: number[] = [];
      const others: number[] = [];
      let failures = 0;
      const caughtUp = new Promise<void>((resolve) => {
        store.onCommitted(({ events }) => {
          if (failures < 2) {
            failures += 1;
            throw new Error('not now');
          }
          seen.push(...events.map((it) => it.position));
          if (seen.length === 2) resolve();
        });
      });
      store.onCommitted(({ events }) => others.push(...events.map((it) => it.position)));
      await store.commit(appendOne('a/1', 0));
      await store.commit(appendOne('a/1', 1));
      expect(others).toEqual([1, 2]);
      await caughtUp;
      expect(seen).toEqual([1, 2]);
      expect(listenerErrors).toHaveLength(2);
    });
  });

  describeCommits(name, open);
  describeReads(name, open);
  describeQueries(name, open);
  describeNames(name, open);
  describeModel(name, open);
}
