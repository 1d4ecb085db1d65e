import type { AlpacaAnswer, TokenizationRequest } from '../alpaca/types.ts';
import type { StepResult } from '../engine/work.ts';
import type { Loaded } from '../event-store/ledger.ts';
import { transact } from '../event-store/transact.ts';
import { failedStep, refusedStep } from '../operation/alpaca-error.ts';
import type { RedemptionCommand } from './decide.ts';
import { decideRedemption } from './decide.ts';
import { mismatchOf } from './echo.ts';
import { redemptionKind } from './redemption-kind.ts';
import type { RequestOptions } from './request.ts';
import type { Redemption, RedemptionState } from './state.ts';

/** Pauses between polls of one request: it begins fast, since most journals take a second, and never ends. */
const POLL: StepResult = { kind: 'poll', firstMs: 250, longestMs: 30_000 };

export type PollOptions = Pick<RequestOptions, 'ledger' | 'alpaca' | 'clock'>;

/** Asks Alpaca how far the journal is. Only `completed` and `rejected` say anything; all else is "not yet". */
export async function pollRedemption(
  options: PollOptions,
  loaded: Loaded<RedemptionState>,
  state: Extract<RedemptionState, { kind: 'requested' }>,
): Promise<StepResult> {
  const { redemption } = state;
  const answer = await lookUp(options, loaded.id, redemption);
  if (answer.kind === 'not_found') return POLL;
  const nowMs = options.clock.nowMs();
  if (answer.kind !== 'ok') return refusedStep(`poll_${answer.kind}`, answer.refusal, nowMs);
  const record = answer.value;
  if (record.tokenizationRequestId.toLowerCase() !== redemption.tokenizationRequestId?.toLowerCase()) {
    return failedStep(
      'poll_other',
      `Alpaca answered with the request ${record.tokenizationRequestId}`,
      nowMs,
    );
  }
  switch (record.status) {
    case 'pending':
      return POLL;
    case 'rejected':
      return advance(options, loaded.id, { type: 'reject', reason: record.statusText }, answer.requestId);
    case 'completed': {
      const mismatch = mismatchOf(record, redemption, loaded.id);
      return advance(options, loaded.id, { type: 'journal', fees: record.fees, mismatch }, answer.requestId);
    }
    default:
      return record.status satisfies never;
  }
}

/** By Alpaca's id, and where it does not know that (yet), by ours. */
export async function lookUp(
  options: Pick<PollOptions, 'alpaca'>,
  id: string,
  redemption: Redemption,
): Promise<AlpacaAnswer<TokenizationRequest>> {
  if (redemption.tokenizationRequestId === null) return options.alpaca.findByIssuerRequestId(id);
  const answer = await options.alpaca.getRequest(redemption.tokenizationRequestId);
  return answer.kind === 'not_found' ? options.alpaca.findByIssuerRequestId(id) : answer;
}

async function advance(
  options: PollOptions,
  id: string,
  command: RedemptionCommand,
  causation: string | null,
): Promise<StepResult> {
  await transact(
    options.ledger,
    redemptionKind,
    id,
    ({ state }) => ({ events: decideRedemption(command, state) }),
    { actor: 'engine', correlation: id, ...(causation === null ? {} : { causation }) },
  );
  return { kind: 'advanced' };
}
