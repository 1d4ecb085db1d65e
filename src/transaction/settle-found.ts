import { finalBlock } from '../chain/finality.ts';
import type { PinnedRpc } from '../chain/rpc/types.ts';
import type { Change } from '../event-store/ledger.ts';
import type { RowWrite } from '../event-store/event-store.ts';
import { finalReceipt } from './chain-view.ts';
import { foundOutcome } from './found.ts';
import type { FoundTransaction } from './found.ts';
import type { LaneContext } from './lane-feature.ts';
import { locateNonce } from './locate.ts';
import type { AnyLane, LaneDeps } from './runtime.ts';
import { TRANSACTION_TABLE } from './transaction-kind.ts';

/**
 * Settles what a transaction that this database forgot did, once that is final, and commits it. `waiting` when the
 * chain does not yet tell, or when the nonce's own stream has not ended: its operations must be free of it first.
 */
export async function settleFound(
  deps: LaneDeps,
  lane: AnyLane,
  found: FoundTransaction,
): Promise<'done' | 'waiting'> {
  const [promised] = await deps.store.find({
    table: TRANSACTION_TABLE.name,
    where: { lane: found.lane, nonce: found.nonce },
    limit: 1,
  });
  if (promised !== undefined && promised['phase'] !== 'final') return 'waiting';
  const rpc = lane.rpc.pinned();
  const receipt = await finalReceipt(rpc, lane.finality, found.hash);
  if (receipt === null) {
    if (!(await isNonceUsedByAnother(rpc, lane, found))) return 'waiting';
    await commitOutcome(deps, found, foundOutcome(found, 'void', []));
    return 'done';
  }
  if (receipt.status === 0) {
    await commitOutcome(deps, found, foundOutcome(found, 'void', []));
    return 'done';
  }
  const changes: Change[] = [];
  const writes: RowWrite[] = [];
  const guards: { name: string; expected: number }[] = [];
  let unexplained: readonly string[] = [...new Set(found.operationIds)];
  for (const feature of deps.features.values()) {
    const { vault, operationIds } = found;
    const outcome = await feature.settleFound({ lane: contextOf(lane, found), vault, operationIds }, receipt);
    changes.push(...outcome.changes);
    writes.push(...(outcome.writes ?? []));
    guards.push(...(outcome.guards ?? []));
    unexplained = unexplained.filter((id) => outcome.unexplained.includes(id));
  }
  const state = unexplained.length === 0 ? 'settled' : 'unexplained';
  writes.push(...foundOutcome(found, state, unexplained));
  await commitOutcome(deps, found, writes, changes, guards);
  const fields = { lane: found.lane, hash: found.hash, operations: found.operationIds };
  if (unexplained.length === 0) {
    deps.log.warn(fields, 'settled a transaction that this database had forgotten');
  } else {
    deps.alarms.raise(
      `found/${found.hash}`,
      { ...fields, unexplained },
      'a transaction of our signer names operations that it cannot be settled for; they are not signed again',
    );
  }
  return 'done';
}

/** The lane that signed it, which may be that of a retired signer. */
function contextOf({ network, chainId }: AnyLane, { lane, signer }: FoundTransaction): LaneContext {
  return { lane, network, chainId, signer };
}

/** By presence only: a final block holds another transaction at the nonce, so this one can never be mined again. */
async function isNonceUsedByAnother(
  rpc: PinnedRpc,
  lane: AnyLane,
  found: FoundTransaction,
): Promise<boolean> {
  const final = await finalBlock(rpc, lane.finality);
  if (final === null) return false;
  const user = await locateNonce(rpc, contextOf(lane, found).signer, found.nonce);
  if (user === null || user.hash === found.hash || user.blockNumber === null) return false;
  return user.blockNumber <= final.number;
}

async function commitOutcome(
  deps: LaneDeps,
  found: FoundTransaction,
  writes: readonly RowWrite[],
  changes: readonly Change[] = [],
  guards: readonly { readonly name: string; readonly expected: number }[] = [],
): Promise<void> {
  await deps.ledger.commit({
    changes,
    writes,
    guards,
    metadata: { actor: 'engine', reason: 'forgotten transaction', causation: found.hash },
  });
}
