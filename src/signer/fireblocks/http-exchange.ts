import { createHash, createPrivateKey } from 'node:crypto';
import { SignJWT } from 'jose';
import type { Secret } from '../../config/secret.ts';
import { DependencyDown } from '../../engine/dependency-down.ts';
import type { HttpResponse, Ports } from '../../ports/ports.ts';
import { HttpFailure } from '../../primitives/failures.ts';
import { uuidV4 } from '../../primitives/uuid.ts';
import { signerDependency } from '../signer.ts';

export interface FireblocksApiOptions extends Pick<Ports, 'http' | 'clock' | 'timers' | 'random'> {
  /** Ends in `/v1`, without a slash behind it. */
  readonly baseUrl: string;
  readonly apiKey: Secret;
  /** PEM of the API user's RSA key. */
  readonly secret: Secret;
}

/** One exchange with Fireblocks. Rejects with `DependencyDown` when it did not serve: then nothing is known. */
export type FireblocksApi = (
  call:
    | { readonly method: 'GET'; readonly path: string; readonly purpose: string }
    | { readonly method: 'POST'; readonly path: string; readonly body: string; readonly purpose: string },
) => Promise<FireblocksAnswer>;

/** Any answer that is about what was asked: 2xx, or a refusal. */
export interface FireblocksAnswer {
  readonly status: number;
  /** Null where it is no JSON. */
  readonly body: unknown;
  readonly headers: HttpResponse['headers'];
  /** For people, without secrets. */
  readonly text: string;
}

const TIMEOUT_MS = 30_000;
/** A token must be valid for less than 30 s. */
const TOKEN_SECONDS = 25;
/** Pause after 429 where the answer names none: limits are counted by the minute. */
const PAUSE_MS = 5_000;
const LONGEST_PAUSE_MS = 120_000;
const LONGEST_TEXT = 500;

/** Speaks to Fireblocks: signs each request, and after 429 asks nothing more until its pause is over. */
export function createFireblocksApi(options: FireblocksApiOptions): FireblocksApi {
  const { http, clock, timers, random, baseUrl } = options;
  const apiKey = options.apiKey.reveal();
  const key = createPrivateKey(options.secret.reveal());
  let pausedUntilMs = 0;

  const tokenFor = (url: URL, body: string): Promise<string> => {
    const iat = Math.floor(clock.nowMs() / 1000);
    return new SignJWT({
      uri: `${url.pathname}${url.search}`,
      nonce: uuidV4(random.bytes(16)),
      iat,
      exp: iat + TOKEN_SECONDS,
      sub: apiKey,
      bodyHash: createHash('sha256').update(body).digest('hex'),
    })
      .setProtectedHeader({ alg: 'RS256', typ: 'JWT' })
      .sign(key);
  };

  return async (call) => {
    const leftMs = pausedUntilMs - timers.monotonicMs();
    if (leftMs > 0) throw down('Fireblocks asked for a pause', { retryAfterMs: leftMs });
    const { method, path, purpose } = call;
    const url = new URL(`${baseUrl}${path}`);
    const body = call.method === 'POST' ? call.body : '';
    const token = await tokenFor(url, body);
    const clean = (text: string): string =>
      [token, apiKey].reduce((kept, it) => kept.replaceAll(it, '[secret]'), text);
    const headers = {
      'x-api-key': apiKey,
      authorization: `Bearer ${token}`,
      ...(method === 'POST' ? { 'content-type': 'application/json' } : {}),
    };
    const request = { method, url: url.href, headers, purpose, timeoutMs: TIMEOUT_MS };
    let response: HttpResponse;
    try {
      response = await http(method === 'POST' ? { ...request, body } : request);
    } catch (cause) {
      if (!(cause instanceof HttpFailure)) throw cause;
      throw down(`Fireblocks did not answer: ${cause.message}`, { cause });
    }
    const { status } = response;
    // Before anybody reads it: what an answer says is kept and shown, and it may say who asked.
    const answered = clean(response.body);
    const text = (answered.trim() || 'empty answer').slice(0, LONGEST_TEXT);
    if (status === 429) {
      const retryAfterMs = retryAfter(response) ?? PAUSE_MS;
      pausedUntilMs = timers.monotonicMs() + retryAfterMs;
      throw down(`Fireblocks answered 429: ${text}`, { retryAfterMs, details: { status } });
    }
    if (status < 200 || (status >= 300 && status < 400) || isOutage(status)) {
      throw down(`Fireblocks answered ${String(status)}: ${text}`, { details: { status } });
    }
    return { status, body: parse(answered), headers: response.headers, text };
  };
}

/** Credentials that are refused are no answer to what was asked. */
function isOutage(status: number): boolean {
  return status >= 500 || [401, 403, 408, 425].includes(status);
}

function retryAfter({ headers }: HttpResponse): number | null {
  const seconds = Number(headers['retry-after'] ?? Number.NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? Math.min(seconds * 1000, LONGEST_PAUSE_MS) : null;
}

export function down(
  message: string,
  options: ConstructorParameters<typeof DependencyDown>[2] = {},
): DependencyDown {
  return new DependencyDown(signerDependency('fireblocks'), message, options);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Whoever reads it says what it is not.
    return null;
  }
}
