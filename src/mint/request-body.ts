import { MAX_QUANTITY, ALPACA_DECIMALS, parseQuantity } from '../primitives/quantity.ts';
import { keptId } from '../primitives/uuid.ts';
import type { MintRequestBody } from './decide-request.ts';
import type { ConfirmFacts, NamedClient } from './state.ts';

/** Symbols, network names and ids are short; anything longer is no business of ours. */
const LONGEST_TEXT = 256;

/** The id that a body names, even when the rest of it is malformed; null when there is none. */
export function readTokenizationRequestId(body: unknown): string | null {
  return isObject(body) ? text(body['tokenization_request_id']) : null;
}

/** Reads a mint request of either generation; a string says what is malformed. */
export function readMintRequest(body: unknown): MintRequestBody | string {
  if (!isObject(body)) return 'the body is not a JSON object';
  const tokenizationRequestId = text(body['tokenization_request_id']);
  if (tokenizationRequestId === null) return 'tokenization_request_id is missing';
  const underlying = text(body['underlying_symbol']);
  if (underlying === null) return 'underlying_symbol is missing';
  const token = text(body['token_symbol']);
  if (token === null) return 'token_symbol is missing';
  const network = text(body['network']);
  if (network === null) return 'network is missing';
  const wallet = text(body['wallet_address']);
  if (wallet === null) return 'wallet_address is missing';
  const namedClient = readNamedClient(body);
  if (typeof namedClient === 'string') return namedClient;
  const quantity = readQuantity(body['qty']);
  if (typeof quantity === 'string') return quantity;
  return { tokenizationRequestId, quantity, underlying, token, network, wallet, namedClient };
}

/** A well-formed confirm. */
export interface ConfirmBody {
  readonly tokenizationRequestId: string;
  readonly confirm: ConfirmFacts;
}

/** Reads a confirm; a string says what is malformed. Members that we do not need are ignored. */
export function readConfirm(body: unknown): ConfirmBody | string {
  if (!isObject(body)) return 'the body is not a JSON object';
  const tokenizationRequestId = text(body['tokenization_request_id']);
  if (tokenizationRequestId === null) return 'tokenization_request_id is missing';
  const issuerRequestId = text(body['issuer_request_id']);
  if (issuerRequestId === null) return 'issuer_request_id is missing';
  const { status } = body;
  if (status !== 'completed' && status !== 'rejected') return 'status is neither completed nor rejected';
  return { tokenizationRequestId, confirm: { status, issuerRequestId, reason: text(body['reason']) } };
}

/** `client_id` is the first generation's name of `client_external_account_id`. */
function readNamedClient(body: Readonly<Record<string, unknown>>): NamedClient | string {
  const current = idText(body['client_external_account_id']);
  const first = idText(body['client_id']);
  if (current !== null && first !== null && current !== first) {
    return 'client_external_account_id and client_id differ';
  }
  const clientId = current ?? first;
  if (clientId !== null) return { field: 'client_id', value: clientId };
  const accountId = text(body['client_account_id']);
  if (accountId !== null) return { field: 'client_account_id', value: accountId };
  return 'neither client_external_account_id nor client_account_id is there';
}

function readQuantity(value: unknown): bigint | string {
  const digits = typeof value === 'number' ? decimalText(value) : value;
  if (typeof digits !== 'string') return 'qty is not a decimal';
  try {
    const quantity = parseQuantity(digits, ALPACA_DECIMALS);
    if (quantity === 0n) return 'qty is not positive';
    return quantity > MAX_QUANTITY ? 'qty is above 1000000000000' : quantity;
  } catch (error) {
    return `qty: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** A number that came through `Number`: only up to 15 digits is it sure to be what was sent. */
function decimalText(value: number): string | null {
  if (!Number.isFinite(value) || value < 0) return null;
  const shortest = String(value).includes('e') ? value.toFixed(ALPACA_DECIMALS) : String(value);
  const digits = shortest.replace('.', '').replace(/^0+/, '');
  return Number(shortest) === value && digits.length <= 15 ? shortest : null;
}

/** Half of a surrogate pair is no text: it could not be stored as it came. */
function text(value: unknown): string | null {
  const isText = typeof value === 'string' && value !== '' && value.length <= LONGEST_TEXT;
  return isText && value.isWellFormed() ? value : null;
}

/** Our own ids are in lower case, whatever they were made on the way. */
function idText(value: unknown): string | null {
  const id = text(value);
  return id === null ? null : keptId(id);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
