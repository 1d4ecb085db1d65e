import { expect, test } from 'vitest';
import { WORK_TABLE } from '../engine/work.ts';
import type { LaneFeature } from './lane-feature.ts';
import { createWorld, LANE, toyId, VAULT } from './test-world.ts';

test('a backlog of one kind does not let another wait that waits longer', async () => {
  const plan = { vault: VAULT, calls: ['0xabcdef02'], batchKey: null, detail: {} } as const;
  const world = await createWorld({
    network: { inFlight: 1 },
    features: (toys): readonly LaneFeature[] => [
      toys,
      {
        ...toys,
        kind: 'burn',
        plan: async (ids) => ids.map((operationId) => ({ kind: 'plan', plan: { operationId, ...plan } })),
        signed: async () => ({ changes: [] }),
      },
    ],
  });
  const since = world.nowMs;
  world.nowMs += 1_000;
  await world.add(1, 2, 3);
  const row = {
    id: toyId(9),
    kind: 'burn',
    phase: 'ready',
    since_ms: since,
    lane: LANE,
    attempts: 0,
    due_ms: since,
  };
  const insert = { op: 'insert', table: WORK_TABLE.name, row } as const;
  await world.store.commit({ appends: [], writes: () => [insert], metadata: { actor: 'test' } });
  await world.step('lane');
  expect(await world.transaction(0)).toMatchObject({ kind: 'burn', operations: [{ id: toyId(9) }] });
});
