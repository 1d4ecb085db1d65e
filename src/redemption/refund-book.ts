import type { EventStore } from '../event-store/event-store.ts';
import type { Change, Ledger } from '../event-store/ledger.ts';
import { change } from '../event-store/ledger.ts';
import type { RefundedBook, RefundTerms } from '../operation/refund-terms.ts';
import { IssuanceError } from '../primitives/failures.ts';
import { refundId as refundIdOf } from '../primitives/uuid.ts';
import type { RefundCommand } from './decide-refund.ts';
import { decideRefund } from './decide-refund.ts';
import { redemptionKind } from './redemption-kind.ts';
import type { Redemption } from './state.ts';
import { owedRows } from './waiting.ts';

/** What refunds ask of their redemptions. */
export function createRefundBook({
  ledger,
  store,
}: {
  readonly ledger: Ledger;
  readonly store: EventStore;
}): RefundedBook {
  const tell = async (redemptionId: string, command: RefundCommand): Promise<readonly Change[]> => {
    const loaded = await ledger.load(redemptionKind, redemptionId);
    const events = decideRefund(command, loaded.state);
    return events.length === 0 ? [] : [change(redemptionKind, loaded, events)];
  };
  return {
    async waiting(redemptionId, refundId) {
      const loaded = await ledger.load(redemptionKind, redemptionId);
      const { state } = loaded;
      if (state.kind !== 'refunding' || state.refundId !== refundId) {
        throw new IssuanceError(
          'operation_state',
          `redemption ${redemptionId} is ${state.kind}, not refunding`,
        );
      }
      return change(redemptionKind, loaded, []);
    },
    settled: (redemptionId, refundId, { transactionHash, found }) =>
      tell(redemptionId, { type: found ? 'findRefund' : 'settleRefund', refundId, transactionHash }),
    vanished: (redemptionId, refundId, why) => tell(redemptionId, { type: 'vanishRefund', refundId, why }),
    ended: (redemptionId, refundId, how) => tell(redemptionId, { type: 'endRefund', refundId, ...how }),
    async termsOf(chainId, vault, refundId) {
      for await (const row of owedRows(store, chainId, vault)) {
        if (refundIdOf(row.redemptionId) !== refundId) continue;
        const { state } = await ledger.load(redemptionKind, row.redemptionId);
        return 'redemption' in state ? refundTerms(row.redemptionId, state.redemption) : null;
      }
      return null;
    },
  };
}

/** What the refund of a redemption sends back: all that came. */
export function refundTerms(redemptionId: string, redemption: Redemption): RefundTerms {
  const { transfer, clientId, splits, holder } = redemption;
  const { chainId, network, vault, underlying, token, from: to, amount } = transfer;
  return { redemptionId, chainId, network, vault, underlying, token, holder, to, amount, clientId, splits };
}
