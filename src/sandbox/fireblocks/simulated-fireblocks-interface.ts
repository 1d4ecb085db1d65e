import type { Answer, CUT, DuplicateForm } from './answer.ts';
import type { Chain } from './broadcaster.ts';
import type { Behaviour } from './plan.ts';
import type { TransactionRecord } from './record.ts';
import type { Whitelist } from './whitelist.ts';

/**
 * A Fireblocks workspace on loopback, from the vendor's public documents: it checks the token of every request, holds
 * the key of one vault account, signs contract calls to whitelisted contracts, sends them to real chains by itself,
 * with nonces of its own, and tells what became of them.
 */
export interface SimulatedFireblocks {
  /** Base URL of the API, with its version, as in the vendor's documents. */
  readonly url: string;
  start(): Promise<string>;
  /** Cuts every connection and stops listening; `start` listens on the same port again. */
  stop(): Promise<void>;
  /** The vault account has an address on this chain from now on. */
  addAsset(assetId: string, chain: Chain): void;
  /** Contracts that may be called. */
  readonly whitelist: Whitelist;
  /** What becomes of the next new transactions, in this order; of later ones what `always` says. */
  script(...behaviours: readonly Behaviour[]): void;
  /** The same for every new transaction from now on, until told otherwise. */
  always(behaviour: Behaviour): void;
  /** The next requests that fit are answered like this, and nothing else is done about them. */
  interrupt(fits: Fits, ...answers: readonly (Answer | typeof CUT)[]): void;
  /** In which form the second use of an external id is refused; as documented by default. */
  duplicatesAre(form: DuplicateForm): void;
  /** This many look-ups by external id do not find what is there. */
  hideFromExternalLookups(times: number): void;
  /** Every transaction, oldest first. */
  transactions(): readonly Readonly<TransactionRecord>[];
  /** People approve: a waiting transaction goes on. */
  proceed(id: string): Promise<void>;
  /** Ends a transaction now, as somebody in the console can. */
  end(id: string, status: string, subStatus?: string): void;
  /** Sends what is signed, whatever is said about it. */
  send(id: string): Promise<void>;
  /** Requests that came in with a good token, newest last. */
  requests(): readonly { readonly method: string; readonly path: string }[];
}

export interface SimulatedFireblocksOptions {
  readonly apiKey: string;
  /** Public half of the API user's RSA key, as PEM. */
  readonly apiPublicKey: string;
  readonly vaultAccountId: string;
  /** Blocks on top of a transaction, its own included, with which it is COMPLETED; default 1. */
  readonly confirmations?: number;
}

/** Which requests are meant: path without query. */
export type Fits = (method: string, path: string) => boolean;
