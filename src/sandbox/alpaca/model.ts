/** An authorized participant as Alpaca knows it. */
export interface Participant {
  readonly email: string;
  /** Alpaca's id of the account, a UUID: `client_account_id`. */
  readonly accountId: string;
  readonly accountNumber: string;
  /** The issuer's id of the account, from the connect call; null before it. */
  externalId: string | null;
}

type TokenizationStatus = 'pending' | 'rejected' | 'completed';

/**
 * What became of telling the issuer the journal's result. `lost`: the issuer answered 4xx, which is final, so
 * shares may be journaled without a mint. `withheld`: a rule kept the true confirm from being sent.
 */
type ConfirmState = 'none' | 'sending' | 'delivered' | 'lost' | 'withheld';

/** One mint or redemption at Alpaca. */
export interface TokenizationRequest {
  readonly id: string;
  readonly type: 'mint' | 'redeem';
  readonly participant: Participant;
  readonly underlying: string;
  readonly token: string;
  readonly network: string;
  readonly wallet: string;
  /** Decimal string as it was first sent. */
  readonly qty: string;
  /** The same in 10⁻¹⁸. */
  readonly quantity: bigint;
  readonly clientRequestId: string | null;
  readonly createdAtMs: number;
  updatedAtMs: number | null;
  status: TokenizationStatus;
  issuerRequestId: string | null;
  txHash: string | null;
  fees: string | null;
  /** Why it was rejected, or why the confirm was lost. */
  reason: string | null;
  /** Null until the journal is opened. */
  journal: Journal | null;
  confirm: ConfirmState;
}

/** A movement of shares between two accounts. */
export interface Journal {
  readonly id: string;
  readonly fromAccount: string;
  readonly toAccount: string;
  readonly symbol: string;
  /** In 10⁻¹⁸ share. */
  readonly quantity: bigint;
  readonly createdAtMs: number;
  status: 'pending' | 'executed' | 'rejected' | 'reversed';
  reason: string | null;
}

/** What the issuer asks of Alpaca. */
export const callEndpoints = [
  'callback_mint',
  'callback_redeem',
  'get_request',
  'find_request',
  'list_requests',
  'oauth_token',
  'positions',
  'position',
  'journals',
] as const;
export type CallEndpoint = (typeof callEndpoints)[number];

/** What Alpaca asks of the issuer. */
export const sendEndpoints = ['connect', 'tokens', 'mint', 'confirm'] as const;
export type SendEndpoint = (typeof sendEndpoints)[number];

/** A request that the issuer sent to Alpaca, as received. */
export interface ReceivedCall {
  readonly endpoint: CallEndpoint | 'unknown';
  readonly requestId: string;
  readonly atMs: number;
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly rawBody: string;
  /** The JSON value of the body; undefined when it is empty or not JSON. */
  readonly body: unknown;
  /** Null while it is being answered. */
  outcome: number | 'dropped' | 'hung' | null;
}

/** A request that Alpaca sent to the issuer, with what came of it. */
export interface SentCall {
  readonly endpoint: SendEndpoint;
  readonly atMs: number;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body: unknown;
  readonly outcome:
    | { readonly kind: 'answered'; readonly status: number; readonly body: unknown }
    | { readonly kind: 'failed'; readonly message: string; readonly timedOut: boolean };
}
