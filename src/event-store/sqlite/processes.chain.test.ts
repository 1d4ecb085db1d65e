import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ITEM, wholeLog } from '../contract-fixture.ts';
import { openTestStore, temporaryPath } from './sqlite-fixture.ts';

/** Starts a process that opens the store for serving and then runs `body`, which sees `store`. */
function startServing(path: string, body: string): ChildProcess {
  const module = (name: string): string => JSON.stringify(new URL(name, import.meta.url).href);
  const script = `
    import { openSqliteStore } from ${module('./open-sqlite-store.ts')};
    import { systemClock, systemTimers } from ${module('../../ports/system.ts')};
    const store = await openSqliteStore({
      path: ${JSON.stringify(path)}, tables: [${JSON.stringify(ITEM)}], clock: systemClock, timers: systemTimers,
      serve: true, onFatal: (error) => { throw error; },
    });
    ${body}
  `;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  return child;
}

async function* lines(child: ChildProcess): AsyncGenerator<string> {
  if (child.stdout !== null) yield* createInterface({ input: child.stdout });
}

describe('SQLite store and other processes', () => {
  test('a second serving process is refused until the first is gone, even by kill -9', async () => {
    const path = temporaryPath();
    const child = startServing(path, `console.log('serving'); setInterval(() => {}, 1000);`);
    const exited = once(child, 'exit');
    for await (const line of lines(child)) if (line === 'serving') break;
    const second = openTestStore({ path, tables: [ITEM], serve: true });
    await expect(second).rejects.toMatchObject({ code: 'already_serving', path });
    const reader = await openTestStore({ path, tables: [ITEM], readOnly: true });
    expect(reader.epoch).toBe(1);
    child.kill('SIGKILL');
    await exited;
    const store = await openTestStore({ path, tables: [ITEM], serve: true });
    expect(store.epoch).toBe(2);
  });

  test('kill -9 amid commits loses nothing that was acknowledged, and leaves no half', async () => {
    const path = temporaryPath();
    for (let round = 1; round <= 3; round += 1) {
      const acknowledged = await commitUntilKilled(path, round);
      const store = await openTestStore({ path, tables: [ITEM], serve: true });
      const log = await wholeLog(store);
      const streams = new Set(log.map((it) => it.stream));
      expect(acknowledged.length).toBeGreaterThan(100);
      expect(acknowledged.filter((id) => !streams.has(`a/${id}`) || !streams.has(`b/${id}`))).toEqual([]);
      expect(streams.size % 2).toBe(0);
      expect(await store.count({ table: ITEM.name })).toBe(streams.size / 2);
      expect(log.map((it) => it.position)).toEqual(log.map((_, at) => at + 1));
      await store.close();
    }
  });
});

/** Lets a process commit from twenty places at once, kills it after a few hundred, and gives the ids it told of. */
async function commitUntilKilled(path: string, round: number): Promise<readonly string[]> {
  const child = startServing(
    path,
    `
    let next = 0;
    const work = async () => {
      for (;;) {
        const id = '${round}-' + (next += 1);
        const event = { type: 'happened', schema: 1, data: { id } };
        await store.commit({
          appends: ['a/', 'b/'].map((it) => ({ stream: it + id, expectedVersion: 0, events: [event] })),
          writes: () => [{ op: 'insert', table: 'item', row: { id, owner: id } }],
          metadata: { actor: 'child' },
        });
        console.log(id);
      }
    };
    for (let worker = 0; worker < 20; worker += 1) work();
    `,
  );
  const exited = once(child, 'exit');
  const acknowledged: string[] = [];
  for await (const line of lines(child)) {
    acknowledged.push(line);
    if (acknowledged.length === 100 * round + 37) child.kill('SIGKILL');
  }
  await exited;
  return acknowledged;
}
