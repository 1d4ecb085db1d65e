import { hash } from 'node:crypto';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export function isUuid(text: string): boolean {
  return UUID.test(text);
}

/** An id as it is kept: a UUID in lower case, anything else exactly as it came. */
export function keptId(text: string): string {
  return isUuid(text) ? text.toLowerCase() : text;
}

/** Name-based UUID, version 5 (RFC 9562): the same namespace and name give the same id everywhere, for ever. */
export function uuidV5(namespace: string, name: string): string {
  const prefix = Buffer.from(namespace.replaceAll('-', ''), 'hex');
  const digest = hash('sha1', Buffer.concat([prefix, Buffer.from(name, 'utf8')]), 'buffer');
  return formatUuid(digest.subarray(0, 16), 0x50);
}

/** Random UUID, version 4, from 16 random bytes. */
export function uuidV4(bytes: Uint8Array): string {
  return formatUuid(Buffer.from(bytes.subarray(0, 16)), 0x40);
}

function formatUuid(source: Buffer, version: number): string {
  const bytes = Buffer.from(source);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | version;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/** The DNS-style root of our own namespaces: UUIDv5 of the product's name in the URL namespace of RFC 9562. */
const ROOT = uuidV5('6ba7b811-9dad-11d1-80b4-00c04fd430c8', 'urn:issuance');

/**
 * Id of the mint that answers one of Alpaca's `tokenization_request_id`s. A UUID is lower-cased first, anything else is
 * taken exactly; Alpaca's base URL and our account keep sandbox and production apart.
 */
export function mintId(
  alpaca: { baseUrl: string; accountId: string },
  tokenizationRequestId: string,
): string {
  return uuidV5(mintNamespace(alpaca.baseUrl, alpaca.accountId), keptId(tokenizationRequestId));
}

/** Id under which a confirm is kept that names no request: the same words are the same confirm. */
export function unplacedConfirmId(alpaca: { baseUrl: string; accountId: string }, text: string): string {
  return uuidV5(uuidV5(mintNamespace(alpaca.baseUrl, alpaca.accountId), 'unplaced confirm'), text);
}

/** The last one that was asked for, which nearly always is the only one. */
let lastNamespace = { baseUrl: '', accountId: '', id: '' };

function mintNamespace(baseUrl: string, accountId: string): string {
  if (lastNamespace.baseUrl !== baseUrl || lastNamespace.accountId !== accountId) {
    const id = uuidV5(ROOT, `mint ${baseUrl.replace(/\/+$/, '')} ${accountId}`);
    lastNamespace = { baseUrl, accountId, id };
  }
  return lastNamespace.id;
}

/**
 * Id of the redemption that answers one transfer: chain, transaction, vault, and the transfer's ordinal among all
 * `Transfer` logs of that vault in the transaction's receipt (log indexes move in a reorg, ordinals do not).
 */
export function redemptionId(transfer: {
  chainId: number;
  transactionHash: string;
  vault: string;
  ordinal: number;
}): string {
  const { chainId, transactionHash, vault, ordinal } = transfer;
  const namespace = uuidV5(ROOT, 'redemption');
  return uuidV5(namespace, `${chainId} ${transactionHash.toLowerCase()} ${vault.toLowerCase()} ${ordinal}`);
}

/** Id of the n-th transfer, from 0, of a redemption's shares to another signer of ours; told like a refund's. */
export function forwardId(redemptionId: string, n: number): string {
  return uuidV5(uuidV5(ROOT, 'forward'), `${redemptionId} ${String(n)}`);
}

/** Id of the refund of a redemption: there is only one, and a database that forgot it can tell what it would be. */
export function refundId(redemptionId: string): string {
  return uuidV5(uuidV5(ROOT, 'refund'), redemptionId);
}
