import { createHttpClient } from '../../ports/http-client.ts';
import type { Ports } from '../../ports/ports.ts';
import { systemClock, systemRandom, systemTimers } from '../../ports/system.ts';
import type { AlpacaSigning } from './sign-request.ts';

export interface ParticipantOptions {
  readonly email: string;
  /** UUID; default random. */
  readonly accountId?: string;
  /** Default: nine digits that are free. */
  readonly accountNumber?: string;
  /** The issuer's id of the account, when it is linked already. */
  readonly externalId?: string;
  /** Shares per symbol, as decimal strings. */
  readonly shares?: Readonly<Record<string, string>>;
}

/** How to reach the issuer. */
export interface IssuerEndpoint {
  /** Base URL. */
  readonly url: string;
  /** Sent as `X-API-KEY`, unless calls are signed. */
  readonly apiKey: string;
  /** Signs every call, instead of sending the key. */
  readonly signing?: AlpacaSigning;
}

type ClientIdField = 'client_external_account_id' | 'client_id' | 'client_account_id';

type AlpacaPorts = Pick<Ports, 'clock' | 'timers' | 'random' | 'http'>;

export interface SimulatedAlpacaOptions {
  /** The issuer's designated tokenization account: the only one its calls may name. */
  readonly accountId: string;
  /** What the issuer must present: Basic, the APCA headers, or a bearer got with the OAuth2 client. */
  readonly credentials: {
    readonly apiKey: string;
    readonly apiSecret: string;
    readonly oauth?: { readonly clientId: string; readonly clientSecret: string };
  };
  /** May be set later with `setIssuer`. */
  readonly issuer?: IssuerEndpoint;
  readonly participants?: readonly ParticipantOptions[];
  /** Shares per symbol that the issuer's account holds at the start. */
  readonly custodyShares?: Readonly<Record<string, string>>;
  /** 0, the default, takes a free port. */
  readonly port?: number;
  /** Which of the issuer's two sets of paths is called; default `current`. */
  readonly pathGeneration?: 'current' | 'first';
  /** Which field names the AP in calls to the issuer; default `client_external_account_id`. */
  readonly idField?: ClientIdField;
  /** `issuer` of every tokenization request; default `issuance`. */
  readonly issuerName?: string;
  /** From the order to the journal's result; default 50. */
  readonly journalDelayMs?: number;
  /** Pauses between deliveries to the issuer; the last one repeats. Default 1, 2, 5, 10, 30 s (a guess). */
  readonly retryDelaysMs?: readonly number[];
  /** How long the issuer may take for an answer; default 30 s (a guess). */
  readonly issuerTimeoutMs?: number;
  /** How often a mint request without a usable answer is sent; default 3 (a guess: nothing is documented). */
  readonly mintAttempts?: number;
  /** A request answers 404 until it is this old; default 0. */
  readonly visibleAfterMs?: number;
  /** A completed request older than this is missing from the list; default a day. */
  readonly listRetentionMs?: number;
  /**
   * Answer to a second mint callback with the same hash, which is undocumented; default `refuse`, the
   * harsher.
   */
  readonly repeatedMintCallback?: 'accept' | 'refuse';
  /**
   * False plays the time after the sunset of `client_id`; default true, since no page confirms the removal.
   */
  readonly acceptClientId?: boolean;
  /** Longest Idempotency-Key: 128, or 36, the announced limit, which is the default. */
  readonly idempotencyKeyLength?: number;
  /** Calls per minute before 429; default 1000 (unpublished). */
  readonly rateLimitPerMinute?: number;
  /** How long a bearer lasts; default 15 minutes. */
  readonly bearerLifetimeMs?: number;
  readonly ports?: Partial<AlpacaPorts>;
}

type Defaulted = Omit<Required<SimulatedAlpacaOptions>, 'issuer' | 'ports'>;

/** The options with every default filled in. */
export type Settings = Defaulted & { issuer: IssuerEndpoint | null; readonly ports: AlpacaPorts };

const MINUTE_MS = 60_000;

/** Fills in the defaults. `issuer` of the result may be replaced while the simulation runs. */
export function resolveSettings(options: SimulatedAlpacaOptions): Settings {
  return {
    participants: [],
    custodyShares: {},
    port: 0,
    pathGeneration: 'current',
    idField: 'client_external_account_id',
    issuerName: 'issuance',
    journalDelayMs: 50,
    retryDelaysMs: [1_000, 2_000, 5_000, 10_000, 30_000],
    issuerTimeoutMs: 30_000,
    mintAttempts: 3,
    visibleAfterMs: 0,
    listRetentionMs: 24 * 60 * MINUTE_MS,
    repeatedMintCallback: 'refuse',
    acceptClientId: true,
    idempotencyKeyLength: 36,
    rateLimitPerMinute: 1_000,
    bearerLifetimeMs: 15 * MINUTE_MS,
    ...options,
    issuer: options.issuer ?? null,
    ports: {
      clock: systemClock,
      timers: systemTimers,
      random: systemRandom,
      http: createHttpClient(),
      ...options.ports,
    },
  };
}
