import type { Hex } from 'viem';

/** What Alpaca's tokenization API says and takes, after tolerant decoding. */

/** An unknown status is read as `pending`: its enumerations grow without notice. */
export type AlpacaStatus = 'pending' | 'rejected' | 'completed';

/** One tokenization request as Alpaca shows it. Whatever it left out, or sent as an empty string, is null. */
export interface TokenizationRequest {
  readonly tokenizationRequestId: string;
  readonly status: AlpacaStatus;
  /** The status in Alpaca's own word, for people. */
  readonly statusText: string | null;
  readonly type: string | null;
  readonly issuerRequestId: string | null;
  readonly underlying: string | null;
  readonly token: string | null;
  /** In 10⁻¹⁸ of a token; null also when it cannot be read. */
  readonly quantity: bigint | null;
  readonly network: string | null;
  readonly wallet: string | null;
  readonly transactionHash: string | null;
  readonly clientExternalAccountId: string | null;
  readonly clientAccountId: string | null;
  /** As sent: "0", "0.01". */
  readonly fees: string | null;
  readonly createdAt: string | null;
}

/** A 4xx with its own words: they are shown to people and never interpreted. */
export interface AlpacaRefusal {
  readonly status: number;
  /** Alpaca's error code, e.g. 40410000; null when the body had none. */
  readonly code: number | null;
  /** The text that came: Alpaca's `message`, else the start of the body. */
  readonly message: string;
  /** Alpaca's id of the exchange (`X-Request-ID`). */
  readonly requestId: string | null;
}

/**
 * What an exchange brought. `unclear` is a 2xx that cannot be read: whatever was asked may have been done, so look it
 * up. That nothing usable came at all is a `DependencyDown` instead.
 */
export type AlpacaAnswer<T> =
  | { readonly kind: 'ok'; readonly value: T; readonly requestId: string | null }
  | { readonly kind: 'not_found'; readonly refusal: AlpacaRefusal }
  | { readonly kind: 'refused'; readonly refusal: AlpacaRefusal }
  | { readonly kind: 'unclear'; readonly refusal: AlpacaRefusal };

export interface MintCallback {
  readonly tokenizationRequestId: string;
  readonly transactionHash: Hex;
  readonly clientId: string;
  readonly wallet: string;
  readonly network: string;
}

export interface RedeemCall {
  readonly issuerRequestId: string;
  readonly underlying: string;
  readonly token: string;
  /** In 10⁻¹⁸ of a token; at most nine decimals of it may be used. */
  readonly quantity: bigint;
  readonly network: string;
  /** Who held the tokens. */
  readonly wallet: string;
  readonly transactionHash: Hex;
  readonly clientId: string;
}

export interface Position {
  readonly symbol: string;
  /** In 10⁻¹⁸ of a share. */
  readonly quantity: bigint;
  readonly available: bigint | null;
}

export interface ShareJournal {
  readonly id: string;
  readonly symbol: string | null;
  readonly quantity: bigint | null;
  readonly status: string | null;
  readonly fromAccount: string | null;
  readonly toAccount: string | null;
}

/** Rows of a list; malformed ones are left out and counted. */
export interface AlpacaList<T> {
  readonly items: readonly T[];
  readonly skipped: number;
}

/** One exchange with Alpaca, for metrics and logs. Holds no secret and no body. */
export interface AlpacaCall {
  readonly call: string;
  readonly outcome: 'ok' | 'not_found' | 'refused' | 'unclear' | 'down';
  readonly status: number | null;
  readonly requestId: string | null;
  readonly durationMs: number;
}

/** Every method rejects with `DependencyDown` (`alpaca`) when Alpaca as a whole did not serve. */
export interface AlpacaClient {
  /** Tells that a mint is on chain. Any 2xx means that Alpaca took it. */
  mintCallback(callback: MintCallback): Promise<AlpacaAnswer<null>>;
  /** The body of a redeem call: to be kept, since under one key only the very same bytes may be sent again. */
  redeemBody(call: RedeemCall): string;
  /** Asks for the journal of a redemption. The same body and key may be sent any number of times. */
  redeem(body: string, idempotencyKey: string): Promise<AlpacaAnswer<TokenizationRequest>>;
  getRequest(tokenizationRequestId: string): Promise<AlpacaAnswer<TokenizationRequest>>;
  findByIssuerRequestId(issuerRequestId: string): Promise<AlpacaAnswer<TokenizationRequest>>;
  /** The list is known to omit old requests: never read an absence out of it. */
  listRequests(filters: RequestFilters): Promise<AlpacaAnswer<AlpacaList<TokenizationRequest>>>;
  /** Shares that our account holds; without the symbol in it there is no position. */
  positions(): Promise<AlpacaAnswer<AlpacaList<Position>>>;
  journals(filters: JournalFilters): Promise<AlpacaAnswer<AlpacaList<ShareJournal>>>;
}

export interface RequestFilters {
  readonly type?: 'mint' | 'redeem';
  readonly status?: AlpacaStatus;
  readonly underlying?: string;
  readonly network?: string;
  /** RFC 3339. */
  readonly after?: string;
  readonly before?: string;
}

export interface JournalFilters {
  readonly toAccount?: string;
  readonly fromAccount?: string;
  readonly status?: string;
  /** RFC 3339. */
  readonly after?: string;
  readonly before?: string;
  readonly limit?: number;
}
