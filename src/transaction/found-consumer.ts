import type { Address, Hex } from 'viem';
import type { LogBatch, LogConsumer } from '../chain/watcher/types.ts';
import type { EventStore, RowWrite } from '../event-store/event-store.ts';
import type { Change, Ledger } from '../event-store/ledger.ts';
import { change } from '../event-store/ledger.ts';
import { ZERO_ADDRESS } from '../primitives/address.ts';
import { RpcFailure } from '../primitives/failures.ts';
import type { VaultLog } from '../vault/logs.ts';
import { readTag } from '../vault/tag.ts';
import { seenCall } from './calls/seen-calls.ts';
import { recordFound } from './found.ts';
import { laneId } from './lane-id.ts';
import { decideQuarantine, LANE_TABLE, laneKind } from './lane-state.ts';
import { TRANSACTION_HASH_TABLE } from './transaction-kind.ts';

/** SQL engines bound the number of values in one question. */
const HASHES_AT_ONCE = 200;

/**
 * For the chain watcher: finds the vault effects that one of our signers, retired ones included, caused with a
 * transaction that this database never signed. Its rows join the commit that moves the cursor, so a quarantine that
 * waits for the cursor sees them; the lane goes into quarantine in the same commit, so nothing decided before is
 * signed after it.
 *
 * `consume` rejects with `RpcFailure` when the node does not show a transaction whose logs it gave.
 */
export function createFoundConsumer(options: {
  readonly store: EventStore;
  readonly ledger: Ledger;
}): LogConsumer {
  const { store, ledger } = options;
  return {
    name: 'found transactions',
    async consume({ chainId, logs, rpc }) {
      const causes = logs.map(causeOf).filter((it) => it !== null);
      if (causes.length === 0) return { changes: [] };
      const lanes = await store.find({ table: LANE_TABLE.name, where: { chain_id: chainId }, limit: 1_000 });
      const signers = new Set(lanes.map((row) => row['signer'] as string));
      const ours = causes.filter(({ sender }) => signers.has(sender.toLowerCase()));
      const writes: RowWrite[] = [];
      const calls: Change[] = [];
      const found = new Map<string, Hex>();
      for (const hash of await unknownHashes(store, chainId, ours)) {
        const transaction = await shownTransaction(rpc, hash);
        if (!signers.has(transaction.from)) continue;
        const seen = await seenCall({ store, ledger }, chainId, transaction);
        if (seen !== null) {
          calls.push(...seen.changes);
          continue;
        }
        // Receipts that somebody else moved with our key are only read again; what we moved carries our tag.
        const isOfVault = ours.some((it) => it.hash === hash && it.onVault);
        if (!isOfVault && readTag(transaction.input) === null) continue;
        const rows = await recordFound(store, chainId, transaction);
        writes.push(...rows);
        if (rows.length > 0) found.set(laneId(chainId, transaction.from), hash);
      }
      const changes: Change[] = [...calls];
      for (const [lane, hash] of found) {
        const loaded = await ledger.load(laneKind, lane);
        const reason = `transaction ${hash} of our signer was never signed by this database`;
        changes.push(change(laneKind, loaded, decideQuarantine(loaded.state, reason)));
      }
      return { changes, writes };
    },
  };
}

interface Cause {
  readonly sender: Address;
  readonly hash: Hex;
  /** It touched the vault itself, and not only its receipts. */
  readonly onVault: boolean;
}

/** Who caused an effect on a vault's shares or receipts, and by which transaction. */
function causeOf(log: VaultLog): Cause | null {
  const hash = log.log.transactionHash;
  if (log.kind === 'deposit' || log.kind === 'withdraw') return { sender: log.sender, hash, onVault: true };
  // It may also be somebody whom the wallet allowed to; the transaction's own sender decides.
  if (log.kind === 'transfer') return { sender: log.from, hash, onVault: true };
  // With the zero address on one side, a deposit or a burn says who caused it.
  const isMove = log.kind === 'receiptTransfer' && log.from !== ZERO_ADDRESS && log.to !== ZERO_ADDRESS;
  return isMove ? { sender: log.from, hash, onVault: false } : null;
}

async function unknownHashes(
  store: EventStore,
  chainId: number,
  causes: readonly { readonly hash: Hex }[],
): Promise<readonly Hex[]> {
  const hashes = [...new Set(causes.map(({ hash }) => hash))];
  const known = new Set<string>();
  for (let start = 0; start < hashes.length; start += HASHES_AT_ONCE) {
    const rows = await store.find({
      table: TRANSACTION_HASH_TABLE.name,
      where: { chain_id: chainId, hash: { in: hashes.slice(start, start + HASHES_AT_ONCE) } },
      limit: HASHES_AT_ONCE,
    });
    for (const row of rows) known.add(row['hash'] as string);
  }
  return hashes.filter((hash) => !known.has(hash));
}

async function shownTransaction(rpc: LogBatch['rpc'], hash: Hex) {
  const transaction = await rpc.getTransaction(hash);
  if (transaction !== null) return transaction;
  const method = 'eth_getTransactionByHash';
  throw new RpcFailure(`${method}: the node gave logs of ${hash} but does not show it`, {
    kind: 'unreachable',
    method,
  });
}
