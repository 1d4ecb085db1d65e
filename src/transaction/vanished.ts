import { transactionKind, TRANSACTION_TABLE } from './transaction-kind.ts';
import type { Lane, LaneDeps } from './runtime.ts';
import { isResendDue, send } from './send.ts';

/**
 * Sends the bytes of final transactions again whose nonces the chain shows as unused: a reorg deeper than FINALITY took
 * them away, and nothing above them can be mined before they are back. Only bytes whose effect is recorded go out: what
 * reverted, or gave way to a stranger, might take effect this time, beside the one that was signed in its place.
 */
export async function resendVanished(deps: LaneDeps, lane: Lane, latestNonce: number): Promise<void> {
  const rows = await deps.store.find({
    table: TRANSACTION_TABLE.name,
    where: { lane: lane.context.lane, phase: 'final', nonce: { gte: latestNonce } },
    orderBy: [['nonce', 'asc']],
    limit: lane.inFlight,
  });
  for (const row of rows) {
    const id = row['id'] as string;
    const { state } = await deps.ledger.load(transactionKind, id);
    if (state.phase !== 'final') continue;
    const { outcome, mined } = state;
    const isRecorded = outcome === 'effect' || outcome === 'filled';
    deps.alarms.raise(
      `vanished/${id}`,
      { transaction: id, network: lane.network, hash: mined.hash, outcome },
      `a final transaction is no longer on the chain${isRecorded ? '; its bytes are sent again' : ''}`,
    );
    const variant = isRecorded ? state.variants.find(({ hash }) => hash === mined.hash) : undefined;
    if (variant !== undefined && isResendDue(deps, id)) await send(deps, lane, { id, ...variant });
  }
}
