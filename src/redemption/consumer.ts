import type { Address, Hex } from 'viem';
import type { LogBatch, LogConsumer } from '../chain/watcher/types.ts';
import { UnsettledLogs } from '../chain/watcher/unsettled-logs.ts';
import type { EventStore } from '../event-store/event-store.ts';
import type { Change, Ledger } from '../event-store/ledger.ts';
import { change } from '../event-store/ledger.ts';
import type { Catalog, Directory } from '../operation/directory.ts';
import { OPERATION_TABLE } from '../operation/operation-row.ts';
import { ZERO_ADDRESS } from '../primitives/address.ts';
import { IssuanceError } from '../primitives/failures.ts';
import { redemptionId } from '../primitives/uuid.ts';
import type { Splits } from '../receipt/splits.ts';
import { transferOrdinals } from '../vault/moments.ts';
import type { RedemptionCommand } from './decide.ts';
import { decideRedemption } from './decide.ts';
import { redemptionKind } from './redemption-kind.ts';

export interface ConsumerOptions {
  readonly ledger: Ledger;
  readonly store: EventStore;
  readonly directory: Pick<Directory, 'walletOwnerAt'>;
  readonly catalog: Pick<Catalog, 'vault'>;
  readonly splits: { before: Splits['before'] };
  /** Our signers on a network, retired ones too, in lower case. */
  readonly wallets: (network: string) => readonly Address[];
}

/**
 * Turns transfers to our wallets into redemptions, or into a record of why not. A log only hints which transactions
 * to look at: their receipts say which transfer is which, since log indexes move in a reorg and a partial answer to a
 * log query would renumber.
 */
export function createRedemptionConsumer(options: ConsumerOptions): LogConsumer {
  return {
    name: 'redemptions',
    async consume(batch) {
      const wallets = new Set(options.wallets(batch.network));
      const changes: Change[] = [];
      for (const hint of hintsOf(batch, wallets)) {
        if (await isRecorded(options.store, batch.chainId, hint)) continue;
        changes.push(...(await detect(options, batch, hint, wallets)));
      }
      return { changes };
    },
  };
}

/** Transfers to our wallets on one vault in one transaction. */
interface Hint {
  readonly transactionHash: Hex;
  readonly vault: Address;
  readonly transfers: number;
}

function hintsOf(batch: LogBatch, wallets: ReadonlySet<Address>): readonly Hint[] {
  const vaults = new Set(batch.vaults.map((it) => it.vault));
  const hits = batch.logs.flatMap((it) => {
    const isIncoming = it.kind === 'transfer' && it.from !== ZERO_ADDRESS && wallets.has(it.to);
    return isIncoming && vaults.has(it.log.address) ? [it.log] : [];
  });
  const groups = Map.groupBy(hits, (log) => `${log.transactionHash} ${log.address}`);
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    return [{ transactionHash: first.transactionHash, vault: first.address, transfers: group.length }];
  });
}

/**
 * As many redemptions of this transaction and vault are known as there are transfers: a rescan has nothing new. One
 * that was closed is looked at again: its transfer may have been undone then.
 */
async function isRecorded(store: EventStore, chainId: number, hint: Hint): Promise<boolean> {
  const count = await store.count({
    table: OPERATION_TABLE.name,
    where: {
      tx_hash: hint.transactionHash,
      kind: 'redemption',
      chain_id: chainId,
      vault: hint.vault,
      state: { not: 'closed' },
    },
  });
  return count >= hint.transfers;
}

async function detect(
  options: ConsumerOptions,
  batch: LogBatch,
  { transactionHash, vault }: Hint,
  wallets: ReadonlySet<Address>,
): Promise<readonly Change[]> {
  const { chainId, network } = batch;
  const receipt = await batch.rpc.getTransactionReceipt(transactionHash);
  const isInBatch =
    receipt !== null && receipt.blockNumber >= batch.fromBlock && receipt.blockNumber <= batch.toBlock;
  if (!isInBatch)
    throw new UnsettledLogs(`the endpoint gave a log of ${transactionHash} and no receipt for its block`);
  const read = transferOrdinals(receipt.logs, vault);
  if (read.kind === 'unusable')
    throw new UnsettledLogs(`the receipt of ${transactionHash} is unusable: ${read.why}`);
  const asset = await options.catalog.vault(chainId, vault);
  if (asset === null)
    throw new IssuanceError('vault_unknown', `the vault ${vault} is watched and of no asset`);
  const { underlying, token } = asset;
  const { blockNumber, blockHash } = receipt;
  const blockTimeMs = await batch.blockTimeMs(blockNumber);
  const isHistoric = blockNumber < batch.redemptionsFromBlock;
  // History is never redeemed, and nodes tell of old blocks slowly or not at all.
  const splits = isHistoric ? null : await options.splits.before(batch.rpc, chainId, vault, blockNumber);
  const changes: Change[] = [];
  for (const { ordinal, transfer } of read.transfers) {
    const isIncoming =
      transfer.kind === 'transfer' && transfer.from !== ZERO_ADDRESS && wallets.has(transfer.to);
    if (!isIncoming) continue;
    const { from, to: holder, value: amount } = transfer;
    const id = redemptionId({ chainId, transactionHash, vault, ordinal });
    const place = { chainId, network, vault, underlying, token, transactionHash, ordinal };
    const command: RedemptionCommand = {
      type: 'detect',
      transfer: { ...place, from, holder, amount, blockNumber, blockHash, blockTimeMs },
      fromOurselves: wallets.has(from),
      isHistoric,
      clientId: await options.directory.walletOwnerAt(from, blockTimeMs),
      splits,
    };
    const loaded = await options.ledger.load(redemptionKind, id);
    const events = decideRedemption(command, loaded.state);
    if (events.length > 0) changes.push(change(redemptionKind, loaded, events));
  }
  return changes;
}
