import type { StepResult, Worker } from '../engine/work.ts';
import { pollRedemption } from './poll.ts';
import { redemptionKind } from './redemption-kind.ts';
import type { RequestOptions } from './request.ts';
import { requestRedemption } from './request.ts';

/** Takes redemptions through the steps before their burn: asking Alpaca, and waiting for its journal. */
export function createRedemptionWorker(options: RequestOptions): Worker {
  const step = async (id: string): Promise<StepResult> => {
    const loaded = await options.ledger.load(redemptionKind, id);
    const { state } = loaded;
    switch (state.kind) {
      case 'detected':
        return requestRedemption(options, loaded, state);
      case 'requested':
        return pollRedemption(options, loaded, state);
      case 'none':
      case 'recorded':
      case 'journaled':
      case 'burning':
      case 'held':
      case 'completed':
      case 'rejected':
      case 'closed':
        // It moved since the row was read; the row has moved with it.
        return { kind: 'advanced' };
      default:
        return state satisfies never;
    }
  };
  return { kind: 'redemption', step: (row) => step(row.id) };
}
