import { parseQuantity } from '../primitives/quantity.ts';
import type { ExactJson, ExactObject } from './exact-json.ts';
import { isExactNumber, isExactObject } from './exact-json.ts';
import type { AlpacaList, AlpacaStatus, Position, ShareJournal, TokenizationRequest } from './types.ts';

/**
 * Reads one tokenization request. Only its id is insisted on: everything else was seen absent, null or empty in
 * production, in particular while a request is pending.
 */
export function decodeRequest(value: ExactJson): TokenizationRequest | null {
  if (!isExactObject(value)) return null;
  const tokenizationRequestId = text(value, 'tokenization_request_id');
  if (tokenizationRequestId === null) return null;
  const statusText = text(value, 'status');
  return {
    tokenizationRequestId,
    status: decodeStatus(statusText),
    statusText,
    type: text(value, 'type'),
    issuerRequestId: text(value, 'issuer_request_id'),
    underlying: text(value, 'underlying_symbol'),
    token: text(value, 'token_symbol'),
    quantity: quantity(value, 'qty'),
    network: text(value, 'network'),
    wallet: text(value, 'wallet_address'),
    transactionHash: text(value, 'tx_hash'),
    clientExternalAccountId: text(value, 'client_external_account_id') ?? text(value, 'client_id'),
    clientAccountId: text(value, 'client_account_id'),
    fees: text(value, 'fees'),
    createdAt: text(value, 'created_at'),
  };
}

export function decodePosition(value: ExactJson): Position | null {
  if (!isExactObject(value)) return null;
  const symbol = text(value, 'symbol');
  const held = quantity(value, 'qty');
  return symbol === null || held === null
    ? null
    : { symbol, quantity: held, available: quantity(value, 'qty_available') };
}

export function decodeJournal(value: ExactJson): ShareJournal | null {
  if (!isExactObject(value)) return null;
  const id = text(value, 'id');
  if (id === null) return null;
  return {
    id,
    symbol: text(value, 'symbol'),
    quantity: quantity(value, 'qty'),
    status: text(value, 'status'),
    fromAccount: text(value, 'from_account'),
    toAccount: text(value, 'to_account'),
  };
}

/** Reads a bare array, or an array under `member`; rows that do not decode are skipped and counted. */
export function decodeList<T>(
  value: ExactJson,
  member: string,
  decode: (row: ExactJson) => T | null,
): AlpacaList<T> | null {
  const rows = isExactObject(value) ? value[member] : value;
  if (!Array.isArray(rows)) return null;
  const items = (rows as readonly ExactJson[]).map(decode).filter((it) => it !== null);
  return { items, skipped: rows.length - items.length };
}

function decodeStatus(status: string | null): AlpacaStatus {
  const known = status?.toLowerCase();
  return known === 'completed' || known === 'rejected' ? known : 'pending';
}

/** A text or number in its own digits; null when absent, null, empty or of another type. */
function text(object: ExactObject, name: string): string | null {
  const value = object[name];
  if (isExactNumber(value)) return value.digits;
  return typeof value === 'string' && value.trim() !== '' ? value : null;
}

function quantity(object: ExactObject, name: string): bigint | null {
  const digits = text(object, name);
  if (digits === null) return null;
  try {
    return parseQuantity(digits);
  } catch {
    // Whoever needs the quantity treats one that cannot be read like one that was not sent.
    return null;
  }
}
