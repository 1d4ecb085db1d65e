import type { TokenizationRequest } from '../alpaca/types.ts';
import { formatQuantity } from '../primitives/quantity.ts';
import type { Redemption } from './state.ts';

/**
 * What Alpaca's record of a redemption says otherwise than we asked; null when nothing does. What it leaves out
 * contradicts nothing: while a request is pending, much of it may be absent.
 */
export function mismatchOf(
  record: TokenizationRequest,
  redemption: Redemption,
  redemptionId: string,
): string | null {
  const { transfer, quantity } = redemption;
  const { issuerRequestId, type, underlying, token, network } = record;
  const differs = (name: string, theirs: string | null, ours: string): string | null =>
    theirs === null || theirs.toLowerCase() === ours.toLowerCase()
      ? null
      : `Alpaca has the ${name} ${theirs}, not ${ours}`;
  return (
    differs('issuer_request_id', issuerRequestId, redemptionId) ??
    differs('type', type, 'redeem') ??
    differs('underlying_symbol', underlying, transfer.underlying) ??
    differs('token_symbol', token, transfer.token) ??
    differs('network', network, transfer.network) ??
    (record.quantity === null || record.quantity === quantity
      ? null
      : `Alpaca has the quantity ${formatQuantity(record.quantity)}, not ${formatQuantity(quantity)}`)
  );
}
