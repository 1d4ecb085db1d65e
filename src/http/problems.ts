import { IssuanceError } from '../primitives/failures.ts';

/**
 * The one table of problems that a client can see: stable code, status, title. `errorText` is what stands in the
 * member `error`, the form that Alpaca knows; where it is absent, the detail stands there too.
 */
interface ProblemKind {
  readonly status: number;
  readonly title: string;
  readonly errorText?: string;
  /** The error's own message is for the log only; the client reads this instead. */
  readonly hiddenDetail?: string;
}

export const PROBLEMS = {
  malformed: { status: 400, title: 'The request is malformed' },
  invalid_data: {
    status: 400,
    title: 'The mint request is malformed',
    errorText: 'Failed Validation: Invalid data payload',
  },
  invalid_token: {
    status: 400,
    title: 'The token is not available',
    errorText: 'Invalid Token: Token not available on the network',
  },
  not_eligible: {
    status: 400,
    title: 'The client is not eligible',
    errorText: 'Insufficient Eligibility: Client not eligible',
  },
  invalid_wallet: {
    status: 400,
    title: 'The wallet is not the client’s',
    errorText: 'Invalid Wallet: Wallet does not belong to client',
  },
  unauthenticated: { status: 401, title: 'Credentials are missing or wrong' },
  address_forbidden: { status: 403, title: 'Calls from this address are not allowed' },
  not_found: { status: 404, title: 'There is no such resource' },
  account_unknown: { status: 404, title: 'The account is unknown' },
  asset_unknown: { status: 404, title: 'The asset is unknown' },
  hold_unknown: { status: 404, title: 'The hold is unknown' },
  operation_unknown: { status: 404, title: 'The operation is unknown' },
  request_timeout: { status: 408, title: 'The request did not come in time' },
  email_taken: { status: 409, title: 'The email is taken' },
  alpaca_account_taken: { status: 409, title: 'The Alpaca account is taken' },
  account_linked_elsewhere: { status: 409, title: 'The account is linked elsewhere' },
  wallet_taken: { status: 409, title: 'The wallet belongs to another account' },
  vault_taken: { status: 409, title: 'The vault serves or served another asset' },
  token_taken: { status: 409, title: 'The token symbol is taken on this network' },
  asset_token_differs: { status: 409, title: 'The asset is known under another token symbol' },
  hold_limit: { status: 409, title: 'Too many holds stand' },
  mint_conflict: { status: 409, title: 'The request id is known with other contents' },
  confirm_conflict: { status: 409, title: 'The confirm contradicts what is known' },
  version_changed: { status: 409, title: 'The operation moved since it was looked at' },
  payload_too_large: { status: 413, title: 'The body is too large' },
  unsupported_media_type: { status: 415, title: 'Only application/json is understood' },
  wallet_reserved: { status: 422, title: 'This address cannot be a client’s wallet' },
  hold_window_invalid: { status: 422, title: 'The hold’s window is impossible' },
  network_unknown: { status: 422, title: 'The network is not configured here' },
  vault_invalid: { status: 422, title: 'There is no usable vault at this address' },
  symbol_mismatch: { status: 422, title: 'The vault is of another token' },
  action_refused: { status: 422, title: 'What was found does not permit the action' },
  rate_limited: { status: 429, title: 'Too many failed credentials' },
  headers_too_large: { status: 431, title: 'The headers are too large' },
  internal: {
    status: 500,
    title: 'The service failed',
    hiddenDetail: 'The log has the failure, by this request id or by that of the first one like it.',
  },
  stopping: {
    status: 503,
    title: 'The service is stopping',
    hiddenDetail: 'The service is stopping. Send the request again.',
  },
  storage_failed: {
    status: 503,
    title: 'The store cannot take the request now',
    hiddenDetail: 'Nothing is known to be stored. Send the request again.',
  },
  chain_unavailable: { status: 503, title: 'The chain cannot be read now' },
  alpaca_unavailable: { status: 503, title: 'Alpaca cannot be asked now' },
  busy: {
    status: 503,
    title: 'Too much changed at once',
    hiddenDetail: 'Nothing of the request was stored. Send it again.',
  },
  unclear_confirm: { status: 503, title: 'The confirm is not understood; it was stored' },
  unknown_confirm: { status: 503, title: 'The mint is not known yet; the confirm was stored' },
} as const satisfies Readonly<Record<string, ProblemKind>>;

export type ProblemCode = keyof typeof PROBLEMS;

/** What a client reads, `application/problem+json` (RFC 9457), with `error` as Alpaca knows it. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly error: string;
}

/** Codes of errors below the edge, and the problem that a client sees for each. */
export const TRANSLATED: Readonly<Record<string, ProblemCode>> = {
  // The only partners that a route asks are the nodes of chains.
  dependency_down: 'chain_unavailable',
  rpc_unreachable: 'chain_unavailable',
  rpc_answered: 'chain_unavailable',
  rpc_unusable_answer: 'chain_unavailable',
  // An address without the code that was there when the asset was added, or a node that says so.
  unexpected_answer: 'chain_unavailable',
  // Blocks were replaced while they were read.
  reading_unsettled: 'chain_unavailable',
  wrong_chain_id: 'chain_unavailable',
  network_not_configured: 'chain_unavailable',
  // Never 4xx: a confirm that lost a race would be final for Alpaca.
  version_conflict: 'busy',
  guard_conflict: 'busy',
  store_closed: 'stopping',
  rebuild_needed: 'storage_failed',
  outcome_unknown: 'storage_failed',
  fenced_out: 'storage_failed',
  bad_quantity: 'malformed',
};

function isProblemCode(code: string): code is ProblemCode {
  return Object.hasOwn(PROBLEMS, code);
}

/** The problem of a code, with the detail that a client may read. */
export function problem(code: ProblemCode, detail: string): Problem {
  const kind: ProblemKind = PROBLEMS[code];
  const shown = kind.hiddenDetail ?? detail;
  return {
    type: `urn:issuance:problem:${code}`,
    title: kind.title,
    status: kind.status,
    code,
    detail: shown,
    error: kind.errorText ?? shown,
  };
}

/** The problem that an error becomes. Whatever is not known to be a client's to read becomes `internal`. */
export function problemOf(error: unknown): Problem {
  if (!(error instanceof IssuanceError)) return problem('internal', '');
  const code = isProblemCode(error.code) ? error.code : (TRANSLATED[error.code] ?? 'internal');
  return problem(code, error.message);
}
