import { HttpFailure } from '../../src/primitives/failures.ts';
import { cell } from './oracles/rows.ts';
import { insistently } from './operator.ts';
import type { Simulation } from './simulation.ts';
import type { Action, OperatorAction } from './spec.ts';

type Operate = Extract<Action, { kind: 'operate' }>;

/** Which operations an action is tried on; any where nothing is said. */
const CONCERNED: Readonly<Partial<Record<OperatorAction, Record<string, string>>>> = {
  refund: { kind: 'redemption', state: 'rejected' },
};
/** A transfer must be final before its tokens go back: an operator tries so often to refund them. */
const MOST_TRIES = 6;
const AGAIN_MS = 3_000;
/** How often an operator looks for an operation to act on. */
const LOOK_MS = 1_000;

/** An operator acts on an operation, and asks again until there is an answer, whatever it is. */
export async function operateOn(
  simulation: Simulation,
  action: Operate,
  triesLeft = MOST_TRIES,
): Promise<void> {
  const { world } = simulation;
  const store = simulation.serving()?.store ?? null;
  if (store === null) return;
  const rows = await store.find({
    table: 'operation',
    where: CONCERNED[action.action] ?? {},
    limit: 1_000,
    orderBy: [['id', 'asc']],
  });
  const row = rows[Math.floor(action.share * rows.length)];
  if (row === undefined) {
    if (world.scheduler.nowMs() > world.spec.faultsEndMs) return;
    world.scheduler.after(LOOK_MS, 'an operator waits', () => void operateOn(simulation, action));
    return;
  }
  const id = cell(row, 'id');
  insistently(simulation, async () => {
    const evidence = action.hasEvidence ? await evidenceFor(simulation, action, id) : [];
    const body = {
      reason: 'the schedule says so',
      ...(action.isTried ? { dry_run: true } : {}),
      ...(evidence.length === 0 ? {} : { evidence }),
    };
    const answer = await simulation.operate('POST', `/operations/${id}/${action.action}`, body);
    world.scheduler.note(`${action.action} ${id}: ${String(answer.status)} ${answer.body.slice(0, 300)}`);
    // A store that fails is answered 500 by right.
    if (answer.status === 500 && world.spec.rates.commit_fails === undefined)
      world.complaints.push(`7: ${action.action} of ${id} is answered ${answer.body}`);
    if (answer.status !== 422 || action.action !== 'refund' || triesLeft === 0) return;
    world.persisting += 1;
    world.scheduler.after(AGAIN_MS, 'an operator tries again to refund', () => {
      world.persisting -= 1;
      void operateOn(simulation, action, triesLeft - 1);
    });
  });
}

/** What the action may ask for: the journal of a mint, or the hashes that were signed. */
async function evidenceFor(
  simulation: Simulation,
  { action }: Operate,
  id: string,
): Promise<readonly string[]> {
  if (action === 'recover') {
    const { requests } = simulation.world.alpaca.state;
    const journal = requests.find((it) => it.issuerRequestId === id)?.journal?.id;
    return journal === undefined ? [] : [journal];
  }
  const answer = await simulation.operate('GET', `/operations/${id}/transactions`);
  if (answer.status !== 200) throw new HttpFailure('the transactions were not told', { timedOut: false });
  const hashes = [...new Set(answer.body.match(/0x[0-9a-f]{64}\b/g) ?? [])];
  return action === 'complete' ? hashes.slice(0, 1) : hashes;
}
