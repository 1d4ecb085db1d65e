import type { Address } from 'viem';
import { decodeLog, type RawLog } from './logs.ts';

/** A receipt that moved, in 10⁻¹⁸ shares. */
export interface ReceiptMove {
  readonly id: bigint;
  readonly amount: bigint;
}

export type ReceiptMoveReading =
  | {
      readonly kind: 'read';
      readonly from: Address;
      readonly to: Address;
      readonly moves: readonly ReceiptMove[];
    }
  | { readonly kind: 'unexpected'; readonly why: string };

/**
 * Reads a transaction that moved receipts from one holder to another in one call: that one log of the receipt contract,
 * and nothing of the vault beside it.
 */
export function readReceiptMove(
  receiptLogs: readonly RawLog[],
  contracts: { readonly vault: Address; readonly receipt: Address },
): ReceiptMoveReading {
  if (receiptLogs.some((log) => log.removed === true)) {
    return { kind: 'unexpected', why: 'a reorg took the logs back' };
  }
  const { vault, receipt } = contracts;
  const ofContract = (address: Address): readonly RawLog[] =>
    receiptLogs.filter((log) => log.address.toLowerCase() === address.toLowerCase());
  const strays = ofContract(vault);
  if (strays.length > 0) {
    return { kind: 'unexpected', why: `${String(strays.length)} logs of the vault ${vault}` };
  }
  const decoded = ofContract(receipt).map(decodeLog);
  const [move, ...more] = decoded;
  if (move?.kind !== 'receiptTransfer' || more.length > 0) {
    const found = decoded.map((it) => it.kind).join(', ');
    return {
      kind: 'unexpected',
      why: `expected one transfer of receipts, found ${found === '' ? 'nothing' : found}`,
    };
  }
  return { kind: 'read', from: move.from, to: move.to, moves: move.moves };
}

/** What keeps a move from being the planned one; null when it is. Addresses in lower case. */
export function receiptMoveFault(
  found: Extract<ReceiptMoveReading, { kind: 'read' }>,
  planned: { readonly from: Address; readonly to: Address; readonly moves: readonly ReceiptMove[] },
): string | null {
  if (found.from !== planned.from || found.to !== planned.to) {
    return `receipts went from ${found.from} to ${found.to}, not from ${planned.from} to ${planned.to}`;
  }
  const isSame =
    found.moves.length === planned.moves.length &&
    found.moves.every(({ id, amount }, at) => {
      const wanted = planned.moves[at];
      return wanted !== undefined && wanted.id === id && wanted.amount === amount;
    });
  return isSame ? null : `${String(found.moves.length)} receipts went over, and not those that were planned`;
}
