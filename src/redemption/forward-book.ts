import type { EventStore } from '../event-store/event-store.ts';
import type { Change, Ledger } from '../event-store/ledger.ts';
import { change } from '../event-store/ledger.ts';
import type { ForwardedBook } from '../operation/transfer-terms.ts';
import { IssuanceError } from '../primitives/failures.ts';
import { forwardId } from '../primitives/uuid.ts';
import type { ForwardCommand } from './decide-forward.ts';
import { decideForward } from './decide-forward.ts';
import { owedShares } from './owed.ts';
import { redemptionKind } from './redemption-kind.ts';
import { owedRows } from './waiting.ts';

/** What transfers of their shares between our signers ask of redemptions. */
export function createForwardBook({
  ledger,
  store,
}: {
  readonly ledger: Ledger;
  readonly store: EventStore;
}): ForwardedBook {
  const tell = async (redemptionId: string, command: ForwardCommand): Promise<readonly Change[]> => {
    const loaded = await ledger.load(redemptionKind, redemptionId);
    const events = decideForward(command, loaded.state);
    return events.length === 0 ? [] : [change(redemptionKind, loaded, events)];
  };
  return {
    async waiting(redemptionId, transferId) {
      const loaded = await ledger.load(redemptionKind, redemptionId);
      const { state } = loaded;
      if (!('redemption' in state) || state.redemption.forwarding !== transferId) {
        const why = `redemption ${redemptionId} is ${state.kind} and does not wait for transfer ${transferId}`;
        throw new IssuanceError('operation_state', why);
      }
      return change(redemptionKind, loaded, []);
    },
    forwarded: (redemptionId, transferId, how) =>
      tell(redemptionId, { type: 'settleForward', transferId, ...how }),
    vanished: (redemptionId, transferId, from, why) =>
      tell(redemptionId, { type: 'vanishForward', transferId, from, why }),
    ended: (redemptionId, transferId, why) => tell(redemptionId, { type: 'endForward', transferId, why }),
    async redemptionOf({ chainId, vault, from }, transferId) {
      for await (const { redemptionId } of owedRows(store, chainId, vault, from)) {
        const { state } = await ledger.load(redemptionKind, redemptionId);
        if (!('redemption' in state)) continue;
        if (forwardId(redemptionId, state.redemption.forwards) !== transferId) continue;
        return { redemptionId, amount: owedShares(state) };
      }
      return null;
    },
  };
}
