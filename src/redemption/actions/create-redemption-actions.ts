import type { OperationActions } from '../../operation/actions.ts';
import { createCloseRedemption } from './close.ts';
import { createCompleteRedemption } from './complete.ts';
import type { RedemptionActionOptions } from './options.ts';
import { createRecoverRedemption } from './recover.ts';
import { createRefundRedemption } from './refund.ts';

/** What operators can do to redemptions. */
export function createRedemptionActions(options: RedemptionActionOptions): OperationActions {
  return {
    recover: createRecoverRedemption(options),
    close: createCloseRedemption(options),
    complete: createCompleteRedemption(options),
    refund: createRefundRedemption(options),
  };
}
