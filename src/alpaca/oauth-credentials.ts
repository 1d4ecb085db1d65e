import { DependencyDown } from '../engine/dependency-down.ts';
import type { Clock, HttpClient, HttpResponse, Timers } from '../ports/ports.ts';
import { HttpFailure } from '../primitives/failures.ts';
import { ALPACA, pauseOf, parseBody } from './classify.ts';
import type { Credentials, Presented } from './credentials.ts';
import { blotOut } from './credentials.ts';
import type { ExactJson } from './exact-json.ts';
import { isExactNumber, isExactObject } from './exact-json.ts';
import type { AlpacaCall } from './types.ts';

export interface OauthOptions {
  /** The token endpoint, e.g. `https://authx.alpaca.markets/v1/oauth2/token`. */
  readonly url: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly http: HttpClient;
  readonly clock: Clock;
  readonly timers: Pick<Timers, 'monotonicMs'>;
  /** Default 15,000. */
  readonly timeoutMs?: number;
  /** Told of every exchange with the token endpoint, after it, as the call `oauth_token`. */
  readonly onCall?: ((call: AlpacaCall) => void) | undefined;
}

/** A bearer's life where the answer does not tell it, or not believably: less than the documented 15 minutes. */
const ASSUMED_LIFE_MS = 10 * 60_000;
/** A longer life than this is not believed to the end. */
const LONGEST_LIFE_MS = 24 * 60 * 60_000;
/** A bearer is renewed this long before its end, or after four fifths of a short life. */
const EARLY_MS = 60_000;
/** Pause between attempts to renew a bearer that still holds. */
const EARLY_PAUSE_MS = 5_000;
const LONGEST_TEXT = 200;

/** Times are readings of the monotonic timer: the wall clock may jump. */
interface Bearer {
  readonly token: string;
  readonly renewAtMs: number;
  readonly endsAtMs: number;
}

/**
 * Creates the credentials of an OAuth2 client (client credentials, `client_secret_post`): a bearer that is kept,
 * renewed before its end while the old one still serves, and renewed at once when Alpaca refuses it. However many calls
 * wait, one renewal is under way.
 */
export function createOauthCredentials(options: OauthOptions): Credentials {
  const { timers, clientSecret } = options;
  let bearer: Bearer | null = null;
  let renewal: Promise<Bearer> | null = null;
  let nextEarlyMs = Number.NEGATIVE_INFINITY;

  const renew = (): Promise<Bearer> => {
    const fetchOne = async (): Promise<Bearer> => {
      try {
        return (bearer = await fetchBearer(options));
      } finally {
        renewal = null;
      }
    };
    return (renewal ??= fetchOne());
  };
  const renewEarly = async (): Promise<void> => {
    try {
      await renew();
    } catch {
      // No outage yet, and reported as a call: the bearer holds, and whoever needs one after its end is told.
      nextEarlyMs = timers.monotonicMs() + EARLY_PAUSE_MS;
    }
  };
  const presentation = (shown: Bearer): Presented => ({
    headers: { authorization: `Bearer ${shown.token}` },
    secrets: [shown.token, clientSecret],
    refused() {
      // Another call may have been refused before, and renewed it already.
      if (bearer === shown) bearer = null;
      return true;
    },
  });

  return {
    async present() {
      const nowMs = timers.monotonicMs();
      if (bearer === null || nowMs >= bearer.endsAtMs) return presentation(await renew());
      if (nowMs >= Math.max(bearer.renewAtMs, nextEarlyMs)) void renewEarly();
      return presentation(bearer);
    },
  };
}

async function fetchBearer(options: OauthOptions): Promise<Bearer> {
  const { clock, timers, clientId, clientSecret } = options;
  // The life is counted from before the request: how long the answer took is not known to be ours.
  const startMs = timers.monotonicMs();
  const report = (outcome: AlpacaCall['outcome'], response: HttpResponse | null): void => {
    options.onCall?.({
      call: 'oauth_token',
      outcome,
      status: response?.status ?? null,
      requestId: response?.headers['x-request-id'] ?? null,
      durationMs: timers.monotonicMs() - startMs,
    });
  };
  const form = { grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret };
  let response: HttpResponse;
  try {
    response = await options.http({
      purpose: 'alpaca token',
      method: 'POST',
      url: options.url,
      headers: { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams(form).toString(),
      timeoutMs: options.timeoutMs ?? 15_000,
    });
  } catch (error) {
    report('down', null);
    if (!(error instanceof HttpFailure)) throw error;
    throw new DependencyDown(ALPACA, `Alpaca’s token endpoint did not answer: ${error.message}`, {
      cause: error,
    });
  }
  const token = response.status >= 200 && response.status < 300 ? tokenOf(parseBody(response.body)) : null;
  report(token === null ? 'down' : 'ok', response);
  if (token === null) throw refusal(options, response, clock.nowMs());
  const lifeMs = lifeOf(parseBody(response.body));
  return {
    token,
    renewAtMs: startMs + lifeMs - Math.min(EARLY_MS, lifeMs / 5),
    endsAtMs: startMs + lifeMs,
  };
}

/** A bearer that can stand in a header; null when there is none. */
function tokenOf(body: ExactJson | undefined): string | null {
  if (!isExactObject(body)) return null;
  const { access_token: token, token_type: type } = body;
  const isBearer = typeof type !== 'string' || type.toLowerCase() === 'bearer';
  return isBearer && typeof token === 'string' && /^[\u0021-\u007e]+$/.test(token) ? token : null;
}

/** `expires_in` in seconds, as a number or as text. */
function lifeOf(body: ExactJson | undefined): number {
  const told = isExactObject(body) ? body['expires_in'] : undefined;
  const digits = isExactNumber(told) ? told.digits : told;
  const seconds = typeof digits === 'string' && digits.trim() !== '' ? Number(digits) : Number.NaN;
  return seconds > 0 ? Math.min(seconds * 1000, LONGEST_LIFE_MS) : ASSUMED_LIFE_MS;
}

/** Whatever it was, nothing is known about any operation: Alpaca as a whole does not serve us. */
function refusal(options: OauthOptions, response: HttpResponse, nowMs: number): DependencyDown {
  const { status } = response;
  const retryAfterMs = pauseOf(response, nowMs);
  const isOurs = status === 400 || status === 401 || status === 403;
  const todo = isOurs ? '; check ALPACA_OAUTH_CLIENT_ID and ALPACA_OAUTH_CLIENT_SECRET' : '';
  const said = status >= 200 && status < 300 ? 'no bearer that could be used' : wordsOf(options, response);
  return new DependencyDown(ALPACA, `Alpaca’s token endpoint answered ${String(status)}: ${said}${todo}`, {
    ...(retryAfterMs === null ? {} : { retryAfterMs }),
    details: { status, requestId: response.headers['x-request-id'] ?? null },
  });
}

/** The error of RFC 6749, section 5.2, or of Alpaca's own form; nothing else of a body that may hold anything. */
function wordsOf({ clientSecret }: OauthOptions, response: HttpResponse): string {
  const body = parseBody(response.body);
  const fields = isExactObject(body) ? body : {};
  const words = [fields['error'], fields['error_description'], fields['message']]
    .filter((it): it is string => typeof it === 'string' && it !== '')
    .join(': ');
  return words === '' ? 'no error that is known' : blotOut(words, [clientSecret]).slice(0, LONGEST_TEXT);
}
