import { describe, expect, test } from 'vitest';
import { WORK_TABLE } from '../engine/work.ts';
import { createWorld } from './test-world.ts';

describe('what operators see of a lane', () => {
  test('is why its own step fails, for as long as it does', async () => {
    const world = await createWorld();
    const why = async () => (await world.lanes.status())[0]?.why;
    expect(await why()).toBeNull();
    const lane = (await world.lanes.status())[0]?.lane ?? '';
    const fail = (error: object | null) =>
      world.store.commit({
        appends: [],
        writes: () => [
          { op: 'update', table: WORK_TABLE.name, key: { id: lane }, set: { last_error: error as null } },
        ],
        metadata: { actor: 'engine' },
      });
    await fail({ code: 'dependency_down', message: 'the node hangs up', atMs: 1 });
    expect(await why()).toEqual({ code: 'dependency_down', message: 'the node hangs up' });
    await fail(null);
    expect(await why()).toBeNull();
  });
});
