import { stageOf } from '../operation/sole-stage.ts';
import type { Worker } from '../engine/work.ts';
import type { Ledger } from '../event-store/ledger.ts';
import { cancelForClosing } from '../operation/closing.ts';
import type { Clock } from '../ports/ports.ts';
import type { TransactionDesk } from '../transaction/desk.ts';
import { refundKind } from './refund-kind.ts';

/** Takes refunds to the end that an operator asked for; all else is the lanes'. */
export function createRefundWorker({
  ledger,
  desk,
  clock,
}: {
  readonly ledger: Ledger;
  readonly desk: Pick<TransactionDesk, 'cancel'>;
  readonly clock: Clock;
}): Worker {
  return {
    kind: 'refund',
    async step({ id }) {
      const { state } = await ledger.load(refundKind, id);
      const stage = stageOf(state);
      const closing = state.kind === 'none' ? null : state.refund.closing;
      // It moved since the row was read; the row has moved with it.
      if (closing === null || stage?.kind !== 'submitted') return { kind: 'advanced' };
      return cancelForClosing(desk, id, stage.transactionId, clock.nowMs());
    },
  };
}
