import type { Address } from 'viem';
import type { RpcTransaction, TransactionReceipt } from '../chain/rpc/types.ts';
import type { RowWrite } from '../event-store/event-store.ts';
import type { Loaded, Outcome } from '../event-store/ledger.ts';
import { change } from '../event-store/ledger.ts';
import { readTag } from '../vault/tag.ts';
import { recordFound, recordSeen } from './found.ts';
import { laneId } from './lane-id.ts';
import type { LaneEvent, LaneState } from './lane-state.ts';
import { decideLaneStop, decideQuarantine, laneKind } from './lane-state.ts';
import type { LaneDeps, Watch } from './runtime.ts';
import { NO_OUTCOME } from './transaction-commit.ts';
import type { MinedTransaction } from './transaction-state.ts';

/**
 * A transaction of our signer that this database never signed. With our tag, the database is older than its
 * signatures: quarantine. Without it, somebody else signs with our key; if that touched a vault, a person must look.
 */
export async function takeStranger(
  deps: LaneDeps,
  watch: Watch,
  state: MinedTransaction,
  stranger: RpcTransaction,
  receipt: TransactionReceipt,
): Promise<Outcome> {
  const lane = laneId(state.chainId, state.signer);
  const loaded: Loaded<LaneState> = await deps.ledger.load(laneKind, lane);
  const isTagged = readTag(stranger.input) !== null;
  const touched = await touchedVault(deps, watch.network, stranger, receipt);
  if (!isTagged && touched === null) return NO_OUTCOME;
  let events: readonly LaneEvent[];
  let writes: readonly RowWrite[] = [];
  if (isTagged) {
    const why = `transaction ${stranger.hash} of our signer was never signed by this database`;
    events = decideQuarantine(loaded.state, why);
    if (receipt.status === 1) writes = await recordFound(deps.store, state.chainId, stranger);
  } else {
    const why = `a transaction that we did not sign, ${stranger.hash}, touched vault ${String(touched)}`;
    events = decideLaneStop(loaded.state, why);
    writes = await recordSeen(deps.store, state.chainId, stranger);
    deps.alarms.raise(`stopped/${lane}`, { lane, hash: stranger.hash }, `the lane is stopped: ${why}`);
  }
  return { changes: [change(laneKind, loaded, events)], writes };
}

async function touchedVault(
  deps: LaneDeps,
  network: string,
  { to }: RpcTransaction,
  { logs }: TransactionReceipt,
): Promise<Address | null> {
  const addresses = new Set<Address>([...(to === null ? [] : [to]), ...logs.map((log) => log.address)]);
  for (const address of addresses) if (await deps.isWatchedVault(network, address)) return address;
  return null;
}
