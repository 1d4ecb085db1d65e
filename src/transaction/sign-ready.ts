import type { StepResult, WorkRow } from '../engine/work.ts';
import type { Loaded } from '../event-store/ledger.ts';
import { unreachable } from '../primitives/failures.ts';
import type { Place } from './asked.ts';
import { dropQuestion, findAsked } from './asked.ts';
import type { NonceCounts } from './chain-view.ts';
import {
  deferOperations,
  dueOperations,
  msUntilAllDue,
  msUntilDue,
  readyOperations,
  countReady,
} from './defer.ts';
import { withoutForgotten } from './forgotten-vaults.ts';
import type { LaneState, OpenedLane } from './lane-state.ts';
import type { Means } from './means.ts';
import { affordableFees, canPay, readMeans } from './means.ts';
import { nextNonce } from './nonces.ts';
import type { Batch } from './plan-ready.ts';
import { planReady, SIGN_REFUSED } from './plan-ready.ts';
import type { Lane, LaneDeps } from './runtime.ts';
import { shortPauseMs } from './runtime.ts';
import { promiseNonce, signingPending } from './sign-batch.ts';
import type { SendFailure, Sending } from './sign-batch.ts';
import type { Sifted } from './simulate.ts';
import { sift } from './simulate.ts';
import { costOf } from './transaction-state.ts';
import { slotsOnTrial } from './trial.ts';

/** How often a lane with nothing to do compares its nonces with the chain. Before signing it always does. */
export const IDLE_CHECK_MS = 60_000;
/** Plans made in one step, as a multiple of what fits one transaction: enough for all slots, and bounded. */
const BATCHES_PLANNED = 4;

/** Signs for what is ready, as far as there are slots, funds and fees that the ceiling allows. */
export async function signReady(
  deps: LaneDeps,
  lane: Lane,
  loaded: Loaded<LaneState>,
  state: OpenedLane,
  counts: NonceCounts,
): Promise<StepResult> {
  const laneId = lane.context.lane;
  const asked = await askedOperations(deps, lane);
  // The question must stay the same, whatever became ready since: the lane shows why, and waits for just these.
  if (asked !== null && asked.waitMs > 0) return { kind: 'later', delayMs: asked.waitMs };
  const rows = asked?.rows ?? (await dueOperations(deps, laneId, lane.batchCount * BATCHES_PLANNED));
  if (rows.length === 0) {
    // What waits for a custodian that said no looks like nothing to do, and is not.
    if (lane.view.refusal !== null && (await countReady(deps, laneId)) === 0) lane.view.refusal = null;
    lane.view.condition = lane.view.refusal;
    return { kind: 'later', delayMs: await msUntilDue(deps, laneId, IDLE_CHECK_MS) };
  }
  // In a step of several batches this counts the same chain and a newer database: never more slots than there are.
  const free = lane.inFlight - ((await nextNonce(deps.store, laneId)) - counts.latest);
  const slots = free <= 0 ? 0 : await slotsOnTrial(deps, lane, free);
  if (slots <= 0) {
    lane.view.isWaiting = true;
    lane.view.condition = null;
    return { kind: 'later', delayMs: shortPauseMs(lane) };
  }
  const means = await readMeans(deps, lane, counts.latest);
  if (affordableFees(deps, lane, means.market) === null) return waitForMeans(lane);
  const planned = await planReady(deps, lane, state, rows);
  const batches = await withoutForgotten(deps, lane, state, planned);
  const result = await signBatches(deps, lane, loaded, { batches, means, slots });
  if (result === 'conflict') return { kind: 'later', delayMs: shortPauseMs(lane) };
  if (result !== 'done') return waitForMeans(lane);
  // It was not asked again: what stops one of them now must not keep all others waiting for the question.
  if (asked !== null) await dropQuestion(deps, lane, asked.place);
  lane.view.condition = lane.view.refusal;
  return { kind: 'later', delayMs: 0 };
}

/**
 * Signs batch after batch until no slot is left. As many as there are slots are simulated together, and while one is
 * prepared those before it are on their way, one after the other: a node may not take a nonce before those below it.
 */
async function signBatches(
  deps: LaneDeps,
  lane: Lane,
  loaded: Loaded<LaneState>,
  work: Signable,
): Promise<SignedAll> {
  const sends: Sends = { last: Promise.resolve(null), failed: null };
  let result: SignedAll;
  try {
    result = await signInTurn(deps, lane, loaded, work, sends);
  } finally {
    await sends.last;
  }
  // Everything is committed, and sent by whoever looks at it next. The lane's row says why it stopped.
  if (sends.failed !== null) throw sends.failed.error;
  return result;
}

type SignedAll = 'done' | 'unpaid' | 'conflict' | 'pending';

interface Signable {
  readonly batches: readonly Batch[];
  readonly means: Means;
  readonly slots: number;
}

/** What one step has on its way. */
interface Sends {
  last: Sending;
  failed: SendFailure | null;
}

async function signInTurn(
  deps: LaneDeps,
  lane: Lane,
  loaded: Loaded<LaneState>,
  { batches, means, slots }: Signable,
  sends: Sends,
): Promise<SignedAll> {
  let spentWei = 0n;
  let signed = 0;
  for (let next = 0; next < batches.length && signed < slots;) {
    const together = batches.slice(next, next + slots - signed);
    next += together.length;
    const simulated = await Promise.all(
      together.map(async (batch) => ({ batch, ...(await sift(deps, lane, batch, means)) })),
    );
    for (const sifted of simulated) {
      // What cannot be sent must not grow.
      if (sends.failed !== null) return 'done';
      const committedWei = means.committedWei + spentWei;
      const after = { means: { ...means, committedWei }, sending: sends.last };
      const result = await signBatch(deps, lane, loaded, sifted, after);
      if (result === 'nothing') continue;
      if (typeof result === 'string') return result;
      sends.last = result.sent.then((failure) => (sends.failed ??= failure));
      spentWei += result.costWei;
      signed += 1;
    }
  }
  return 'done';
}

/**
 * While a custodian has not answered for the next nonce: the operations that it was asked for, longest waiting first,
 * and how long until it may be asked again. Null when nothing is asked, or the question can never be put again since
 * one of them is not ready any more.
 */
async function askedOperations(
  deps: LaneDeps,
  lane: Lane,
): Promise<{ readonly place: Place; readonly rows: readonly WorkRow[]; readonly waitMs: number } | null> {
  if (lane.signer.kind === 'local') return null;
  const laneId = lane.context.lane;
  const place = { lane: laneId, nonce: await nextNonce(deps.store, laneId), ordinal: 0 };
  const asked = await findAsked(deps.store, place);
  if (asked === null || asked.operationIds.length === 0) return null;
  const ids = new Set(asked.operationIds);
  // Not from those that are due: so many that waited longer may be due that these are not among the first of them.
  const rows = await readyOperations(deps, laneId, [...ids]);
  return rows.length < ids.size ? null : { place, rows, waitMs: msUntilAllDue(deps, rows) };
}

/** Until the fees or the balance change. */
function waitForMeans(lane: Lane): StepResult {
  lane.view.isWaiting = true;
  return { kind: 'later', delayMs: lane.pollMs };
}

/** A transaction that is committed. */
interface Signed {
  readonly costWei: bigint;
  readonly sent: Sending;
}

/** Signs what passed of one batch; the rest waits with its reason, or stays ready. */
async function signBatch(
  deps: LaneDeps,
  lane: Lane,
  loaded: Loaded<LaneState>,
  { batch, passed, culprits }: Sifted & { readonly batch: Batch },
  { means, sending }: { readonly means: Means; readonly sending: Sending },
): Promise<'unpaid' | 'conflict' | 'pending' | 'nothing' | Signed> {
  await deferOperations(deps, culprits);
  const fees = affordableFees(deps, lane, means.market);
  if (passed === null || fees === null) return 'nothing';
  const { data, gas, entries } = passed;
  const content = { body: 'operations', to: batch.to, data, value: 0n, gas } as const;
  const costWei = costOf({ ...content, ...fees });
  if (!canPay(deps, lane, means, costWei)) return 'unpaid';
  // From the database each time: this step's own commits count like anybody's.
  const nonce = await nextNonce(deps.store, lane.context.lane);
  const assignment = { nonce, content, fees, batch: { feature: batch.feature, entries } };
  const promised = await promiseNonce(deps, lane, loaded, assignment, sending);
  switch (promised.kind) {
    case 'signed':
      lane.view.refusal = null;
      if (!deps.trials.isPassed(lane.context.lane)) deps.trials.begin(lane.context.lane, nonce);
      return { costWei, sent: promised.sent };
    case 'conflict':
      return 'conflict';
    case 'pending': {
      const why = signingPending(promised.message);
      lane.view.condition = why;
      await deferOperations(
        deps,
        entries.map(({ row: { id, attempts } }) => ({ id, attempts, ...why })),
      );
      return 'pending';
    }
    case 'refused': {
      const why = { code: SIGN_REFUSED, message: `${promised.code}: ${promised.message}` };
      if (lane.signer.kind !== 'local') lane.view.refusal = why;
      await deferOperations(
        deps,
        entries.map(({ row: { id, attempts } }) => ({ id, attempts, ...why })),
      );
      return 'nothing';
    }
    default:
      return unreachable(promised);
  }
}
