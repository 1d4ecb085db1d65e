import type { RpcTransaction } from '../../chain/rpc/types.ts';
import type { EventStore } from '../../event-store/event-store.ts';
import type { Change, Ledger } from '../../event-store/ledger.ts';
import { change } from '../../event-store/ledger.ts';
import { readTag } from '../../vault/tag.ts';
import { decideSeen } from './call-decider.ts';
import { CALL_TABLE, callKind } from './call-kind.ts';
import { isCallOf } from './look-on-chain.ts';

/** Calls of one operation that are not final: the parts of a burn, one after the other. */
const MOST_OPEN = 100;

/**
 * The open call that this transaction does to the letter: a custodian broadcasts before it tells the hash, so the chain
 * may show it first. Null when there is none; the change that records it, or none where it is recorded.
 */
export async function seenCall(
  { store, ledger }: { readonly store: Pick<EventStore, 'find'>; readonly ledger: Ledger },
  chainId: number,
  transaction: RpcTransaction,
): Promise<{ readonly changes: readonly Change[] } | null> {
  const [operationId, ...more] = readTag(transaction.input)?.operationIds ?? [];
  if (operationId === undefined || more.length > 0) return null;
  const rows = await store.find({
    table: CALL_TABLE.name,
    where: { operation_id: operationId, outcome: null },
    orderBy: [['attempt', 'desc']],
    limit: MOST_OPEN,
  });
  for (const row of rows) {
    const loaded = await ledger.load(callKind, row['id'] as string);
    const { state } = loaded;
    if (state.phase === 'none' || state.chainId !== chainId || !isCallOf(state, transaction)) continue;
    // A second one like it, beside the one that a block holds, is no word of this call: it did the same again.
    if (state.phase === 'mined' && !state.hashes.includes(transaction.hash)) continue;
    const events = decideSeen(state, transaction.hash, transaction.nonce);
    return { changes: events.length === 0 ? [] : [change(callKind, loaded, events)] };
  }
  return null;
}
