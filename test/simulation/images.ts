import { SCHEMA } from '../../src/app/schema.ts';
import type { SqliteStore } from '../../src/event-store/sqlite/open-sqlite-store.ts';
import { openSqliteStore } from '../../src/event-store/sqlite/open-sqlite-store.ts';
import { SimulatedDisk } from './disk.ts';
import { cell } from './oracles/rows.ts';
import { EPOCH_MS } from './places.ts';
import type { World } from './world.ts';

/** Opens an image of a database beside whoever uses it. */
export async function openImage(image: Uint8Array): Promise<SqliteStore> {
  const nothing = () => {};
  return openSqliteStore({
    path: ':memory:',
    tables: SCHEMA.tables,
    clock: { nowMs: () => EPOCH_MS },
    timers: { after: () => nothing, defer: (task) => queueMicrotask(task), monotonicMs: () => 0 },
    onFatal: (error) => {
      throw error;
    },
    connect: () => new SimulatedDisk(image, { beforeCommit: nothing, afterCommit: nothing }),
  });
}

/** Notes the mints that moved, or began, after the older image was taken. */
export async function noteForgotten(world: World, before: Uint8Array, older: Uint8Array): Promise<void> {
  const known = await mintsOf(older);
  for (const [id, version] of await mintsOf(before)) {
    if (known.get(id) !== version) world.forgotten.add(id);
  }
}

async function mintsOf(image: Uint8Array): Promise<ReadonlyMap<string, string>> {
  const store = await openImage(image);
  try {
    const rows = await store.find({ table: 'operation', where: { kind: 'mint' }, limit: 10_000 });
    return new Map(rows.map((row) => [cell(row, 'id'), cell(row, 'version')]));
  } finally {
    await store.close();
  }
}
