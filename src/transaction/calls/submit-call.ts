import type { StepResult } from '../../engine/work.ts';
import type { Loaded } from '../../event-store/ledger.ts';
import { unreachable } from '../../primitives/failures.ts';
import type { CallReport, Submitted } from '../../signer/custodian.ts';
import type { CallLane, CallWatch, LaneDeps } from '../runtime.ts';
import { NO_OUTCOME } from '../transaction-commit.ts';
import { decideRefused, decideReported } from './call-decider.ts';
import type { CallState, OpenCall } from './call-state.ts';
import { commitCall } from './commit-call.ts';
import { displace, takeReport } from './take-report.ts';

/**
 * Sends a committed request. Whatever is not plainly taken is looked up by its external id; what is not found there is
 * sent again, under the same id, for as long as it takes: not finding it proves nothing.
 */
export async function submitCall(
  deps: LaneDeps,
  watch: CallWatch,
  loaded: Loaded<CallState>,
  state: OpenCall,
): Promise<StepResult> {
  const { lane } = watch;
  if (lane === null) {
    const message = `the custodian of ${state.signer} is not configured any more, so ${state.externalId} is not sent`;
    return failed(deps, 'signer_retired', message);
  }
  const submitted = await lane.signer.submit(state.filler ?? state.request);
  switch (submitted.kind) {
    case 'accepted':
      return accept(deps, loaded, state, submitted);
    case 'duplicate':
    case 'refused':
      return lookUp(deps, lane, loaded, state, submitted);
    default:
      return unreachable(submitted);
  }
}

async function accept(
  deps: LaneDeps,
  loaded: Loaded<CallState>,
  state: OpenCall,
  { custodianId, status }: Extract<Submitted, { readonly kind: 'accepted' }>,
): Promise<StepResult> {
  if (state.filler !== null) {
    return displace(deps, loaded, state, `cancelled: its external id ${state.externalId} is used up`);
  }
  const report: CallReport = {
    custodianId,
    externalId: state.externalId,
    status,
    subStatus: null,
    message: null,
    // What the status means is told by a look, with its sub-status.
    stage: 'open',
    hashes: [],
    nonce: null,
    createdMs: null,
    content: {},
  };
  await commitCall(deps, loaded, decideReported(state, report), NO_OUTCOME, custodianId);
  deps.alarms.clear(`call_refused/${loaded.id}`);
  deps.log.info({ call: loaded.id, custodian: custodianId, status }, 'the custodian has the call');
  return { kind: 'advanced' };
}

async function lookUp(
  deps: LaneDeps,
  lane: CallLane,
  loaded: Loaded<CallState>,
  state: OpenCall,
  submitted: Exclude<Submitted, { readonly kind: 'accepted' }>,
): Promise<StepResult> {
  const { externalId } = state;
  const report = await lane.signer.look({ externalId, custodianId: null });
  if (report !== null) {
    const taken = await takeReport(deps, lane, loaded, state, report);
    return taken ?? failed(deps, 'custodian_unsure', `${externalId} is there as it was before`);
  }
  if (submitted.kind === 'duplicate') {
    const message = `the custodian says that it has ${externalId}, and does not show it: the same is sent again`;
    return failed(deps, 'custodian_unsure', `${message} (${submitted.message})`);
  }
  const events = decideRefused(state, submitted);
  if (events.length > 0) {
    await commitCall(deps, loaded, events, NO_OUTCOME, externalId);
    const { status, code, message } = submitted;
    deps.alarms.raise(
      `call_refused/${loaded.id}`,
      { call: loaded.id, operation: state.operation.id, status, code },
      `the custodian does not take the request, and the same is sent again: ${message}`,
    );
    return { kind: 'advanced' };
  }
  return failed(deps, 'custodian_refused', submitted.message);
}

function failed(deps: LaneDeps, code: string, message: string): StepResult {
  return { kind: 'failed', error: { code, message, atMs: deps.time.nowMs() } };
}
