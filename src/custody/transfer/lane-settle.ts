import type { Address } from 'viem';
import type { TransactionReceipt } from '../../chain/rpc/types.ts';
import type { Change, Loaded, Outcome } from '../../event-store/ledger.ts';
import { change } from '../../event-store/ledger.ts';
import type { ForwardedBook, TransferTerms } from '../../operation/transfer-terms.ts';
import { IssuanceError } from '../../primitives/failures.ts';
import type { Inventory } from '../../receipt/inventory.ts';
import type { SettleOutcome, SignedTransaction } from '../../transaction/lane-feature.ts';
import { readTransferEffect } from '../../vault/burn-effects.ts';
import { readReceiptMove, receiptMoveFault } from '../../vault/receipt-effects.ts';
import { decideTransfer } from './decide.ts';
import type { KnownTransfer, MovedReceipt, TransferState } from './state.ts';
import { transferKind } from './transfer-kind.ts';

export interface SettleOptions {
  readonly inventory: Pick<Inventory, 'handedOver'>;
  readonly book: Pick<ForwardedBook, 'forwarded'>;
}

/** Counts the effect of a transfer's own transaction, where it is exactly what was planned. */
export async function settleTransfer(
  options: SettleOptions,
  transaction: SignedTransaction,
  receipt: TransactionReceipt,
  loaded: Loaded<TransferState> & { readonly state: KnownTransfer },
): Promise<SettleOutcome> {
  const { state } = loaded;
  const { terms, receipts } = state.transfer;
  const reading = readEffect(terms, receipts, transaction.lane.signer, receipt);
  const held = (why: string): Outcome => holdTransfer(loaded, `unexpected effect: ${why}`);
  if ('why' in reading) return { kind: 'unexpected', why: reading.why, ...held(reading.why) };
  const { transactionHash, blockNumber, blockHash } = receipt;
  const { ordinal } = reading;
  const effect = { transactionHash, blockNumber, blockHash, ordinal, transactionId: transaction.id };
  try {
    const events = decideTransfer({ type: 'settle', effect }, state);
    if (events.length === 0) return { kind: 'settled', changes: [] };
    const further = await arrived(options, loaded.id, state, { transactionHash, blockNumber });
    return { kind: 'settled', changes: [change(transferKind, loaded, events), ...further] };
  } catch (error) {
    if (!(error instanceof IssuanceError) || error.code !== 'operation_state') throw error;
    const why = `a second transfer in ${transactionHash}: ${error.message}`;
    return { kind: 'unexpected', why, ...held(why) };
  }
}

/** An end needs no hold. */
export function holdTransfer(loaded: Loaded<TransferState>, why: string): Outcome {
  const { kind } = loaded.state;
  const isOver = kind === 'completed' || kind === 'closed';
  const events = isOver ? [] : decideTransfer({ type: 'hold', why }, loaded.state);
  return { changes: events.length === 0 ? [] : [change(transferKind, loaded, events)] };
}

/** What a settled transfer makes of its redemption or its receipts. */
async function arrived(
  { inventory, book }: SettleOptions,
  id: string,
  { transfer }: KnownTransfer,
  at: { readonly transactionHash: `0x${string}`; readonly blockNumber: bigint },
): Promise<readonly Change[]> {
  const { terms, receipts } = transfer;
  const { chainId, vault, to, what } = terms;
  switch (what.kind) {
    case 'receipts':
      return inventory.handedOver(id, chainId, vault, receipts, { to, ...at });
    case 'redemption': {
      const { transactionHash } = at;
      return book.forwarded(what.redemptionId, id, { to, transactionHash, found: false });
    }
    case 'rest':
      return [];
    default:
      return what satisfies never;
  }
}

/** Where the effect stands in a transaction's receipt, or why it is not this transfer's. */
export function readEffect(
  { vault, receipt: contract, from, to, what }: TransferTerms,
  receipts: readonly MovedReceipt[],
  signer: Address,
  receipt: TransactionReceipt,
): { readonly ordinal: number } | { readonly why: string } {
  if (from !== signer.toLowerCase()) return { why: `it was sent by ${signer}, not by ${from}` };
  if (what.kind !== 'receipts') {
    const { amount } = what;
    const reading = readTransferEffect(receipt.logs, vault, signer, { to, amount });
    return reading.kind === 'unexpected' ? { why: reading.why } : { ordinal: reading.transferOrdinal };
  }
  const reading = readReceiptMove(receipt.logs, { vault, receipt: contract });
  if (reading.kind === 'unexpected') return { why: reading.why };
  const moves = receipts.map((it) => ({ id: it.receiptId, amount: it.shares }));
  const fault = receiptMoveFault(reading, { from, to, moves });
  return fault === null ? { ordinal: 0 } : { why: fault };
}
