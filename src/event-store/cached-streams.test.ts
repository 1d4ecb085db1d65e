import { expect, onTestFinished, test } from 'vitest';
import { systemTimers } from '../ports/system.ts';
import { createCachedStreams } from './cached-streams.ts';
import { createLedger } from './create-ledger.ts';
import { VersionConflict } from './errors.ts';
import type { Ledger } from './ledger.ts';
import { change } from './ledger.ts';
import { IN_MEMORY, openSqliteStore } from './sqlite/open-sqlite-store.ts';
import type { BoxEvent } from './toy-ledger.ts';
import { BOX, BOX_SCHEMA, filled, sealed } from './toy-ledger.ts';

async function open() {
  const store = await openSqliteStore({
    path: IN_MEMORY,
    tables: BOX_SCHEMA.tables,
    clock: { nowMs: () => 1 },
    timers: systemTimers,
    onFatal: (error) => {
      throw error;
    },
  });
  onTestFinished(() => store.close());
  const ledger = createLedger(store, BOX_SCHEMA);
  const reads = { count: 0, during: async () => {} };
  const load: Ledger['load'] = async (...asked) => {
    reads.count += 1;
    const loaded = await ledger.load(...asked);
    await reads.during();
    return loaded;
  };
  const streams = createCachedStreams({ ledger: { load }, store }, BOX);
  const add = async (...events: readonly BoxEvent[]) => {
    const changes = [change(BOX, await ledger.load(BOX, 'a'), events)];
    await ledger.commit({ changes, metadata: { actor: 'test' } });
  };
  return { store, ledger, reads, streams, add };
}

test('a stream is read once, also one that does not exist', async () => {
  const { streams, reads } = await open();
  expect(await streams.load('a')).toMatchObject({ version: 0, state: { kind: 'none' } });
  await streams.load('a');
  expect(reads.count).toBe(1);
});

test('whoever knows of a commit is given the stream as it is after it', async () => {
  const { streams, add, reads } = await open();
  await streams.load('a');
  await add(filled(1n, 'x'));
  expect(await streams.load('a')).toMatchObject({ version: 1, state: { kind: 'open' } });
  await add(sealed('y'));
  expect(await streams.load('a')).toMatchObject({ version: 2, state: { kind: 'sealed' } });
  expect(reads.count).toBe(3);
});

test('what was read while another one committed is not kept', async () => {
  const { streams, add, reads } = await open();
  reads.during = () => add(filled(1n, 'x'));
  expect(await streams.load('a')).toMatchObject({ version: 0 });
  reads.during = async () => {};
  expect(await streams.load('a')).toMatchObject({ version: 1 });
});

test('a decision on what it gave is refused by a commit of the same group', async () => {
  const { streams, ledger } = await open();
  const loaded = await streams.load('a');
  const other = await ledger.load(BOX, 'b');
  const metadata = { actor: 'test' };
  const first = ledger.commit({ changes: [change(BOX, loaded, [filled(1n, 'x')])], metadata });
  const second = ledger.commit({
    changes: [change(BOX, other, [filled(1n, 'z')]), change(BOX, loaded, [])],
    metadata,
  });
  await first;
  await expect(second).rejects.toThrow(VersionConflict);
});

test('a failed read is not kept, and a closed one reads anew each time', async () => {
  const { streams, reads } = await open();
  reads.during = () => Promise.reject(new Error('disk'));
  await expect(streams.load('a')).rejects.toThrow('disk');
  reads.during = async () => {};
  await streams.load('a');
  streams.close();
  await streams.load('a');
  await streams.load('a');
  expect(reads.count).toBe(4);
});
