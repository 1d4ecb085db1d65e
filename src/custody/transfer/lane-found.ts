import type { Address } from 'viem';
import type { TransactionReceipt } from '../../chain/rpc/types.ts';
import type { Ledger } from '../../event-store/ledger.ts';
import { change } from '../../event-store/ledger.ts';
import type { Catalog } from '../../operation/directory.ts';
import type { ForwardedBook, TransferTerms } from '../../operation/transfer-terms.ts';
import { IssuanceError } from '../../primitives/failures.ts';
import type { LaneContext, Outcome } from '../../transaction/lane-feature.ts';
import { readTransferEffect } from '../../vault/burn-effects.ts';
import { transferOrdinals } from '../../vault/moments.ts';
import { readReceiptMove } from '../../vault/receipt-effects.ts';
import { decideTransfer } from './decide.ts';
import { evolveTransfer } from './evolve.ts';
import type { TransferEvent } from './state.ts';
import { transferKind } from './transfer-kind.ts';

export interface FoundOptions {
  readonly ledger: Ledger;
  readonly book: ForwardedBook;
  readonly catalog: Pick<Catalog, 'vault'>;
  /** Our signers on a network, retired ones too, in lower case. */
  readonly wallets: (network: string) => readonly Address[];
}

interface FoundPlace {
  readonly lane: LaneContext;
  /** The contract that was called, which receipts move on may be. */
  readonly vault: Address;
  readonly operationIds: readonly string[];
}

type FoundOutcome = Outcome & { readonly unexplained: readonly string[] };

/**
 * Settles a transfer that only the chain remembers. One of receipts between our signers explains itself: their balances
 * are read from the chain, whatever the log knows. One of a redemption's shares is told by its id, which follows from
 * the redemption's.
 */
export async function settleFoundTransfer(
  options: FoundOptions,
  found: FoundPlace,
  receipt: TransactionReceipt,
): Promise<FoundOutcome> {
  const [id, ...others] = found.operationIds;
  const unexplained: FoundOutcome = { changes: [], unexplained: found.operationIds };
  if (id === undefined || others.length > 0) return unexplained;
  const loaded = await options.ledger.load(transferKind, id);
  const { state } = loaded;
  const ours: ReadonlySet<string> = new Set(options.wallets(found.lane.network));
  if (isReceiptMove(found, receipt, ours)) {
    if (state.kind === 'none') return { changes: [], unexplained: [] };
    return finish(options, found, receipt, state.transfer.terms, id, 0);
  }
  const terms =
    state.kind === 'none' ? await termsOf(options, found, receipt, id, ours) : state.transfer.terms;
  if (terms === null || terms.what.kind === 'receipts' || terms.vault !== found.vault) return unexplained;
  const { to, what } = terms;
  const planned = { to, amount: what.amount };
  const reading = readTransferEffect(receipt.logs, terms.vault, found.lane.signer, planned);
  if (reading.kind === 'unexpected' || terms.from !== found.lane.signer.toLowerCase()) return unexplained;
  return finish(options, found, receipt, terms, id, reading.transferOrdinal);
}

async function finish(
  options: FoundOptions,
  found: FoundPlace,
  receipt: TransactionReceipt,
  terms: TransferTerms,
  id: string,
  ordinal: number,
): Promise<FoundOutcome> {
  const loaded = await options.ledger.load(transferKind, id);
  const { transactionHash, blockNumber, blockHash } = receipt;
  const effect = { transactionHash, blockNumber, blockHash, ordinal, transactionId: null };
  try {
    const begun: readonly TransferEvent[] =
      loaded.state.kind === 'none' ? decideTransfer({ type: 'request', terms }, loaded.state) : [];
    const settled = decideTransfer({ type: 'find', effect }, begun.reduce(evolveTransfer, loaded.state));
    if (settled.length === 0) return { changes: [], unexplained: [] };
    const { what, to } = terms;
    const further =
      what.kind === 'redemption'
        ? await options.book.forwarded(what.redemptionId, id, { to, transactionHash, found: true })
        : [];
    const changes = [change(transferKind, loaded, [...begun, ...settled]), ...further];
    return { changes, unexplained: [] };
  } catch (error) {
    // What it knows contradicts it: a person must see it, and the lane alarms.
    if (!(error instanceof IssuanceError) || error.code !== 'operation_state') throw error;
    return { changes: [], unexplained: found.operationIds };
  }
}

/** Receipts went from this signer to another one of ours, and nothing else happened. */
function isReceiptMove(
  { lane, vault }: FoundPlace,
  receipt: TransactionReceipt,
  ours: ReadonlySet<string>,
): boolean {
  const reading = readReceiptMove(receipt.logs, { vault: NOTHING, receipt: vault });
  if (reading.kind === 'unexpected') return false;
  return reading.from === lane.signer.toLowerCase() && ours.has(reading.to);
}

/** No contract: what is compared is that of receipts alone. */
const NOTHING: Address = '0x0000000000000000000000000000000000000000';

/** What a forgotten transfer of shares was to do; null where it was none of ours. */
async function termsOf(
  { book, catalog }: FoundOptions,
  { lane, vault }: FoundPlace,
  receipt: TransactionReceipt,
  id: string,
  ours: ReadonlySet<string>,
): Promise<TransferTerms | null> {
  const from = lane.signer.toLowerCase() as Address;
  const { chainId, network } = lane;
  const read = transferOrdinals(receipt.logs, vault);
  const [only, ...more] = read.kind === 'read' ? read.transfers : [];
  if (only?.transfer.kind !== 'transfer' || more.length > 0) return null;
  const { to, value: amount } = only.transfer;
  const asset = await catalog.vault(chainId, vault);
  if (asset === null || only.transfer.from !== from || !ours.has(to)) return null;
  const redemption = await book.redemptionOf({ chainId, vault, from }, id);
  if (redemption?.amount !== amount) return null;
  const { receipt: contract, underlying, token } = asset;
  const what = { kind: 'redemption', ...redemption } as const;
  const place = { chainId, network, vault, receipt: contract, underlying, token };
  return { ...place, from, to, what, moveId: null, splits: null };
}
