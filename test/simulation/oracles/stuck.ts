import { STATE_BOUNDS_MS } from '../../../src/operation/stuck.ts';
import type { HttpResponse } from '../../../src/ports/ports.ts';
import type { Simulation } from '../simulation.ts';
import { cell } from './rows.ts';

/** Longest time that the list is waited for, ms. */
const PATIENCE_MS = 40_000;

/** 7: whatever only a person can move is shown by the list that persons look at. */
export async function stuckFaults(simulation: Simulation): Promise<readonly string[]> {
  const process = simulation.serving();
  const store = process?.store ?? null;
  if (store === null || process?.server === null) return [];
  const work = await store.find({
    table: 'work',
    where: { kind: { in: Object.keys(STATE_BOUNDS_MS) } },
    limit: 1_000,
  });
  const wanted = work.filter((row) => STATE_BOUNDS_MS[cell(row, 'kind')]?.[cell(row, 'phase')] === 0);
  if (wanted.length === 0) return [];
  const answer = await ask(simulation);
  if (answer?.status !== 200) return [`7: the stuck list was answered ${answer?.body ?? 'nothing'}`];
  const { operations } = JSON.parse(answer.body) as {
    readonly operations: readonly { readonly id: string }[];
  };
  const listed = new Set(operations.map((it) => it.id));
  return wanted
    .filter((row) => !listed.has(cell(row, 'id')))
    .map(
      (row) =>
        `7: ${cell(row, 'kind')} ${cell(row, 'id')} is ${cell(row, 'phase')}, and not in the stuck list`,
    );
}

async function ask(simulation: Simulation): Promise<HttpResponse | null> {
  const { scheduler } = simulation.world;
  let isOver = false;
  const call = async (): Promise<HttpResponse | null> => {
    try {
      return await simulation.operate('GET', '/admin/stuck?limit=100');
    } catch {
      // Told as a fault: nothing is lost on its way by now.
      return null;
    } finally {
      isOver = true;
    }
  };
  const answer = call();
  await scheduler.run(scheduler.nowMs() + PATIENCE_MS, () => isOver);
  return isOver ? answer : null;
}
