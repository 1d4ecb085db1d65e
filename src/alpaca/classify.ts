import { DependencyDown } from '../engine/dependency-down.ts';
import type { HttpResponse } from '../ports/ports.ts';
import type { ExactJson } from './exact-json.ts';
import { isExactNumber, isExactObject, parseExactJson } from './exact-json.ts';
import type { AlpacaAnswer, AlpacaRefusal } from './types.ts';

/** Name of the dependency in work rows, readiness and metrics. */
export const ALPACA = 'alpaca';

/** A longer pause is not taken from the other side: the engine's own probes find out sooner. */
const LONGEST_PAUSE_MS = 60 * 60 * 1000;
/** Texts of people and proxies are kept up to here. */
const LONGEST_TEXT = 500;

/**
 * Says what an answer means by its status class; the text is kept and, but for one case, not interpreted: a 403 may
 * be a refusal of the request (Alpaca answers some as 400 or 403, at will) or of our credentials.
 *
 * @throws DependencyDown on 401, 408, 425, 429, 5xx, a redirect, and a 403 that speaks of credentials
 */
export function classify<T>(
  response: HttpResponse,
  options: {
    readonly nowMs: number;
    readonly read: (body: string) => T | undefined;
    /** Blots out what must not stand in the text that is kept. */
    readonly clean: (text: string) => string;
  },
): AlpacaAnswer<T> {
  const { status } = response;
  const refusal = describe(response, options.clean);
  if (status >= 200 && status < 300) {
    const value = options.read(response.body);
    return value === undefined
      ? { kind: 'unclear', refusal }
      : { kind: 'ok', value, requestId: refusal.requestId };
  }
  const isDown = status < 400 || status >= 500 || [401, 408, 425, 429].includes(status);
  if (isDown || (status === 403 && isAboutCredentials(refusal))) {
    const retryAfterMs = pauseOf(response, options.nowMs);
    throw new DependencyDown(ALPACA, `Alpaca answered ${String(status)}: ${refusal.message}`, {
      ...(retryAfterMs === null ? {} : { retryAfterMs }),
      details: { status, requestId: refusal.requestId },
    });
  }
  return { kind: status === 404 ? 'not_found' : 'refused', refusal };
}

/** Reads a body of JSON with `decode`; undefined when it is not JSON, or not what was expected. */
export function readJson<T>(decode: (value: ExactJson) => T | null): (body: string) => T | undefined {
  return (body) => {
    const value = parseBody(body);
    return value === undefined ? undefined : (decode(value) ?? undefined);
  };
}

function describe(response: HttpResponse, clean: (text: string) => string): AlpacaRefusal {
  const body = parseBody(response.body);
  const fields = isExactObject(body) ? body : {};
  const { message, code } = fields;
  const digits = isExactNumber(code) ? code.digits : code;
  const codeNumber = typeof digits === 'string' ? Number(digits) : Number.NaN;
  const said = typeof message === 'string' && message !== '' ? message : response.body.trim();
  return {
    status: response.status,
    code: Number.isSafeInteger(codeNumber) ? codeNumber : null,
    message: said === '' ? 'empty answer' : clean(said).slice(0, LONGEST_TEXT),
    requestId: response.headers['x-request-id'] ?? null,
  };
}

/** "forbidden." is all that Alpaca says to a key without rights; a proxy in front of it sends a page or nothing. */
function isAboutCredentials(refusal: AlpacaRefusal): boolean {
  if (refusal.message === 'empty answer' || refusal.message.startsWith('<')) return true;
  return /^forbidden\.?$|not authorized|unauthori[sz]ed|credential|api key|access denied/i.test(
    refusal.message.trim(),
  );
}

/** `Retry-After` in seconds or as a date, else `X-RateLimit-Reset` in Unix seconds. */
export function pauseOf(response: HttpResponse, nowMs: number): number | null {
  const after = response.headers['retry-after']?.trim();
  if (after !== undefined && after !== '') {
    const untilMs = /^\d+$/.test(after) ? nowMs + Number(after) * 1000 : Date.parse(after);
    if (Number.isFinite(untilMs)) return bounded(untilMs - nowMs);
  }
  const reset = Number(response.headers['x-ratelimit-reset'] ?? Number.NaN);
  if (response.status !== 429 || !Number.isFinite(reset) || reset <= 0) return null;
  return bounded(reset * 1000 - nowMs);
}

function bounded(pauseMs: number): number {
  return Math.min(Math.max(pauseMs, 0), LONGEST_PAUSE_MS);
}

/** A body as JSON; undefined when it is none. */
export function parseBody(body: string): ExactJson | undefined {
  try {
    return parseExactJson(body);
  } catch {
    // An answer that is not JSON is one of the expected answers; its status decides what it means.
    return undefined;
  }
}
