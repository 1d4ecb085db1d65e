import type { Address } from 'viem';
import { VersionConflict } from '../event-store/errors.ts';
import type { Change, Ledger, Loaded } from '../event-store/ledger.ts';
import { change, newStream } from '../event-store/ledger.ts';
import type { Catalog, Directory } from '../operation/directory.ts';
import type { Clock } from '../ports/ports.ts';
import { parseAddress } from '../primitives/address.ts';
import { mintId } from '../primitives/uuid.ts';
import type { Splits } from '../receipt/splits.ts';
import type { LaneId } from '../transaction/lane-feature.ts';
import type { MintRequestBody } from './decide-request.ts';
import { decideRequest, isSameRequest } from './decide-request.ts';
import { mintKind } from './mint-kind.ts';
import { readMintRequest, readTokenizationRequestId } from './request-body.ts';
import type { MintState, MintTerms, NamedClient } from './state.ts';
import { isKnown } from './state.ts';

/** Codes of refusals; the table of problems at the edge has the text that Alpaca knows for each. */
export type MintRefusalCode =
  | 'invalid_data'
  | 'invalid_token'
  | 'not_eligible'
  | 'invalid_wallet'
  | 'mint_conflict';

/** `error` of each refusal, in Alpaca's own words where there are some. */
const ERROR_TEXTS: Readonly<Record<MintRefusalCode, string>> = {
  invalid_data: 'Failed Validation: Invalid data payload',
  invalid_token: 'Invalid Token: Token not available on the network',
  not_eligible: 'Insufficient Eligibility: Client not eligible',
  invalid_wallet: 'Invalid Wallet: Wallet does not belong to client',
  mint_conflict: 'tokenization_request_id is known with other contents',
};

export type MintRequestResult =
  | { readonly kind: 'accepted'; readonly issuerRequestId: string; readonly repeated: boolean }
  | {
      readonly kind: 'refused';
      readonly code: MintRefusalCode;
      /** The text in the form Alpaca knows. */
      readonly error: string;
      /** What is wrong, for people. */
      readonly detail: string;
    };

export interface MintRequestOptions {
  readonly ledger: Ledger;
  readonly directory: Directory;
  readonly catalog: Catalog;
  readonly clock: Clock;
  readonly splits: { lastKnown: Splits['lastKnown'] };
  /** Namespace of mint ids: Alpaca's base URL and our account there. */
  readonly alpacaAccount: { readonly baseUrl: string; readonly accountId: string };
  /** The lane that signs for a chain at present; total, so that a confirm is never lost for want of a setting. */
  readonly laneOf: (chainId: number) => LaneId;
}

/** A request that passed every check. */
interface CheckedRequest {
  readonly kind: 'passed';
  readonly terms: MintTerms;
  /** What its commit must require: that the asset was not disabled and no hold was placed since. */
  readonly requires: readonly Change[];
}

/** Commits that lose against a hold or another delivery of the same request are decided again, at most this often. */
const MAX_ATTEMPTS = 5;

/**
 * Takes a mint request in. A repeat gets the first answer, even when the asset is frozen by now; a refusal leaves no
 * trace. Rejects, and nothing happened, when the store fails or when it cannot be told whether the asset is frozen.
 */
export async function requestMint(
  options: MintRequestOptions,
  body: unknown,
  causation: string | undefined,
): Promise<MintRequestResult> {
  const tokenizationRequestId = readTokenizationRequestId(body);
  const request = readMintRequest(body);
  if (tokenizationRequestId === null) return refuse('invalid_data', text(request));
  const id = mintId(options.alpacaAccount, tokenizationRequestId);
  if (typeof request !== 'string' && (await isTakenAsNew(options, id, request, causation))) {
    return { kind: 'accepted', issuerRequestId: id, repeated: false };
  }
  for (let attempt = 1; ; attempt += 1) {
    const loaded = await options.ledger.load(mintKind, id);
    if (isKnown(loaded.state)) {
      return answerRepeat(options, id, loaded.state.mint.terms, request);
    }
    if (typeof request === 'string') return refuse('invalid_data', request);
    const checked = await checkRequest(options, request, 'request');
    if (checked.kind === 'refused') return checked;
    try {
      await commitRequest(options, loaded, checked, causation);
      return { kind: 'accepted', issuerRequestId: id, repeated: false };
    } catch (error) {
      if (!(error instanceof VersionConflict) || attempt >= MAX_ATTEMPTS) throw error;
    }
  }
}

/**
 * Nearly every request is new, so its commit finds out. Whatever stands against it is looked at properly afterwards:
 * a repeat has its answer even where a new request would be refused, or could not be checked.
 */
async function isTakenAsNew(
  options: MintRequestOptions,
  id: string,
  request: MintRequestBody,
  causation: string | undefined,
): Promise<boolean> {
  const checked = await checkRequest(options, request, 'request').catch(() => null);
  if (checked?.kind !== 'passed') return false;
  try {
    await commitRequest(options, newStream(mintKind, id), checked, causation);
    return true;
  } catch (error) {
    if (error instanceof VersionConflict) return false;
    throw error;
  }
}

async function commitRequest(
  options: MintRequestOptions,
  loaded: Loaded<MintState>,
  { terms, requires }: CheckedRequest,
  causation: string | undefined,
): Promise<void> {
  const lane = options.laneOf(terms.chainId);
  // The answer waits for no node: what was read last counts, and a split since then shows when it is signed.
  const splits = await options.splits.lastKnown(terms.chainId, terms.vault);
  const events = decideRequest({ mintId: loaded.id, terms, source: 'request', lane, splits }, loaded.state);
  await options.ledger.commit({
    changes: [change(mintKind, loaded, events), ...requires],
    metadata: { actor: 'alpaca', correlation: loaded.id, ...(causation === undefined ? {} : { causation }) },
  });
}

async function answerRepeat(
  options: MintRequestOptions,
  id: string,
  terms: MintTerms,
  request: MintRequestBody | string,
): Promise<MintRequestResult> {
  if (typeof request === 'string') return refuse('mint_conflict', `repeated, and malformed: ${request}`);
  const clientId = (await clientOf(options.directory, request.namedClient))?.clientId ?? null;
  return isSameRequest(terms, request, clientId)
    ? { kind: 'accepted', issuerRequestId: id, repeated: true }
    : refuse('mint_conflict', `the mint ${id} was requested with other contents`);
}

/**
 * Checks a well-formed request in the fixed order of refusals: token, client, wallet. A freeze or a disabled asset
 * refuses new requests only, not one that Alpaca has journaled shares for (`source` `lookup`).
 */
export async function checkRequest(
  options: Pick<MintRequestOptions, 'directory' | 'catalog' | 'clock'>,
  request: MintRequestBody,
  source: 'request' | 'lookup',
): Promise<CheckedRequest | Extract<MintRequestResult, { kind: 'refused' }>> {
  const { directory, catalog } = options;
  const { underlying, token, network, namedClient } = request;
  const asset = await catalog.asset(underlying, token, network);
  if (asset.kind === 'unknown') return refuse('invalid_token', asset.why);
  const requires: Change[] = [];
  if (source === 'request') {
    if (asset.kind === 'disabled') return refuse('invalid_token', `${token} on ${network} is disabled`);
    const freeze = await catalog.freeze(underlying, 'new');
    if (freeze.by !== null) return refuse('invalid_token', `${underlying} is frozen`);
    requires.push(...asset.requires, ...freeze.requires);
  }
  const client = await clientOf(directory, namedClient);
  if (client === null || !client.linked) {
    return refuse('not_eligible', client === null ? 'the client is unknown' : 'the client is not linked');
  }
  const wallet = parseAddress(request.wallet);
  if (wallet === null) return refuse('invalid_wallet', 'wallet_address is not an address');
  if ((await directory.walletOwner(wallet)) !== client.clientId) {
    return refuse('invalid_wallet', `${wallet} is not whitelisted for the client ${client.clientId}`);
  }
  const terms = {
    tokenizationRequestId: request.tokenizationRequestId,
    quantity: request.quantity,
    underlying: asset.underlying,
    token: asset.token,
    network,
    chainId: asset.chainId,
    vault: asset.vault.toLowerCase() as Address,
    wallet,
    clientId: client.clientId,
    namedClient,
    requestedAtMs: options.clock.nowMs(),
  };
  return { kind: 'passed', terms, requires };
}

function clientOf(directory: Directory, named: NamedClient): ReturnType<Directory['byClientId']> {
  return named.field === 'client_id'
    ? directory.byClientId(named.value)
    : directory.byAlpacaAccount(named.value);
}

function refuse(code: MintRefusalCode, detail: string): Extract<MintRequestResult, { kind: 'refused' }> {
  return { kind: 'refused', code, error: ERROR_TEXTS[code], detail };
}

function text(request: MintRequestBody | string): string {
  return typeof request === 'string' ? request : 'tokenization_request_id is missing';
}
