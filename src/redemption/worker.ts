import type { StepResult, Worker } from '../engine/work.ts';
import { pollRedemption } from './poll.ts';
import { cancelForClosing } from '../operation/closing.ts';
import type { TransactionDesk } from '../transaction/desk.ts';
import { redemptionKind } from './redemption-kind.ts';
import type { RequestOptions } from './request.ts';
import { requestRedemption } from './request.ts';
import type { Redemption } from './state.ts';

export type RedemptionWorkerOptions = RequestOptions & { readonly desk: Pick<TransactionDesk, 'cancel'> };

/**
 * Takes redemptions through the steps before their burn: asking Alpaca, and waiting for its journal; and to the end
 * that an operator asked for.
 */
export function createRedemptionWorker(options: RedemptionWorkerOptions): Worker {
  const step = async (id: string): Promise<StepResult> => {
    const loaded = await options.ledger.load(redemptionKind, id);
    const { state } = loaded;
    switch (state.kind) {
      case 'detected':
        return requestRedemption(options, loaded, state);
      case 'requested':
        return pollRedemption(options, loaded, state);
      case 'burning':
      case 'held':
        return closeWhenAsked(options, id, state.redemption);
      case 'none':
      case 'recorded':
      case 'journaled':
      case 'completed':
      case 'rejected':
      case 'refunding':
      case 'refunded':
      case 'closed':
        // It moved since the row was read; the row has moved with it.
        return { kind: 'advanced' };
      default:
        return state satisfies never;
    }
  };
  return { kind: 'redemption', step: (row) => step(row.id) };
}

async function closeWhenAsked(
  { desk, clock }: RedemptionWorkerOptions,
  id: string,
  { closing, parts }: Redemption,
): Promise<StepResult> {
  const pending = parts.find((it) => it.effect === null);
  if (closing === null || pending === undefined) return { kind: 'advanced' };
  return cancelForClosing(desk, id, pending.transactionId, clock.nowMs());
}
