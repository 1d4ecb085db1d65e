import { HttpFailure } from '../../src/primitives/failures.ts';
import type { Simulation } from './simulation.ts';

/** What an operator does, through the routes of the running service. */

/** How often an operator looks whether something was stopped. */
const OPERATOR_MS = 10_000;
/** Pause before a call without an answer is repeated, and how often it is. */
const AGAIN_MS = 2_000;
const MOST_REPEATS = 60;
/** After it no call of an operator is on its way any more. */
const LONGEST_CALL_MS = 35_000;

/** An operator who takes up what was stopped, through the running service. */
export function startOperator(simulation: Simulation): void {
  const { scheduler } = simulation.world;
  const look = async (): Promise<void> => {
    if (!(await isStopped(simulation))) return;
    const answer = await simulation.operate('GET', '/ready');
    if (answer.status !== 200) return;
    const { networks } = JSON.parse(answer.body) as {
      networks: Record<string, { scan: string; lane: string }>;
    };
    for (const [network, { scan, lane }] of Object.entries(networks)) {
      if (!scan.startsWith('stopped') && !lane.startsWith('stopped')) continue;
      await simulation.operate('POST', `/networks/${network}/resume`, { reason: 'looked at, goes on' });
    }
  };
  const next = (): void => {
    scheduler.after(OPERATOR_MS, 'the operator looks', () => {
      if (simulation.serving()?.server !== null && simulation.serving() !== null) {
        look().catch((error: unknown) => {
          if (!(error instanceof HttpFailure)) throw error;
        });
      }
      next();
    });
  };
  next();
}

/** Whether an alarm of the service would have told the operator to look. */
async function isStopped(simulation: Simulation): Promise<boolean> {
  const store = simulation.serving()?.store ?? null;
  if (store === null) return false;
  const networks = await store.count({ table: 'network', where: { state: 'stopped' } });
  const lanes = await store.count({ table: 'lane', where: { phase: 'stopped' } });
  return networks + lanes > 0;
}

/** An operator who gets no answer asks again. */
export function insistently({ world }: Simulation, task: () => Promise<unknown>): void {
  const attempt = (left: number): void => {
    task().catch((error: unknown) => {
      if (!(error instanceof HttpFailure)) throw error;
      if (left > 0) world.scheduler.after(AGAIN_MS, 'an operator asks again', () => attempt(left - 1));
    });
  };
  attempt(MOST_REPEATS);
}

/** Places a hold, and lifts it later, with any other that a repeated call left. */
export function freeze(
  simulation: Simulation,
  underlying: string,
  { scope, forMs }: { readonly scope: 'new' | 'all'; readonly forMs: number },
): void {
  const path = `/underlyings/${underlying}/holds`;
  const body = { owner: 'schedule', reason: 'the schedule says so', scope };
  let isOver = false;
  insistently(simulation, async () => {
    if (!isOver) await simulation.operate('POST', path, body);
  });
  const lift = (): void => {
    isOver = true;
    insistently(simulation, () => liftAll(simulation, path));
  };
  const { scheduler } = simulation.world;
  scheduler.after(forMs, 'an operator lifts the holds', lift);
  // A call whose answer was given up may have been on its way still.
  scheduler.after(forMs + LONGEST_CALL_MS, 'an operator looks for holds again', lift);
}

async function liftAll(simulation: Simulation, path: string): Promise<void> {
  const answer = await simulation.operate('GET', path);
  if (answer.status !== 200) throw new HttpFailure('the holds were not told', { timedOut: false });
  const { items } = JSON.parse(answer.body) as { items: { hold_id: string; status: string }[] };
  const standing = items.filter((it) => it.status !== 'lifted');
  for (const { hold_id: id } of standing) await simulation.operate('DELETE', `${path}/${id}`);
  // Looked at again: a call that was lost on its way, or a hold that was placed since.
  if (standing.length > 0) throw new HttpFailure('holds were lifted: look again', { timedOut: false });
}
