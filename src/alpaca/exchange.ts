import { DependencyDown } from '../engine/dependency-down.ts';
import type { Clock, HttpClient, HttpRequest, HttpResponse } from '../ports/ports.ts';
import { HttpFailure } from '../primitives/failures.ts';
import { ALPACA, classify } from './classify.ts';
import type { Credentials, Presented } from './credentials.ts';
import { blotOut } from './credentials.ts';
import type { AlpacaAnswer, AlpacaCall } from './types.ts';

export interface ExchangeOptions {
  /** E.g. `https://broker-api.alpaca.markets`, without a path. */
  readonly baseUrl: string;
  readonly credentials: Credentials;
  readonly http: HttpClient;
  readonly clock: Clock;
  /** Default 15,000. */
  readonly timeoutMs?: number;
  /** Told of every exchange, after it. */
  readonly onCall?: ((call: AlpacaCall) => void) | undefined;
}

export interface Ask {
  readonly method: HttpRequest['method'];
  readonly call: string;
  readonly path: string;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export type Exchange = <T>(ask: Ask, read: (body: string) => T | undefined) => Promise<AlpacaAnswer<T>>;

/**
 * Creates what performs one call and says what its answer means. A call that was answered 401 was not acted upon: it is
 * made once more, and not again, where fresh credentials can be had.
 */
export function createExchange(options: ExchangeOptions): Exchange {
  const { clock, credentials } = options;
  const baseUrl = options.baseUrl.replace(/\/+$/, '');

  const send = async (ask: Ask, presented: Presented): Promise<Sent> => {
    const startedMs = clock.nowMs();
    const report: Sent['report'] = (outcome, response) => {
      options.onCall?.({
        call: ask.call,
        outcome,
        status: response?.status ?? null,
        requestId: response?.headers['x-request-id'] ?? null,
        durationMs: Math.max(0, clock.nowMs() - startedMs),
      });
    };
    const request: HttpRequest = {
      method: ask.method,
      purpose: `alpaca ${ask.call}`,
      url: `${baseUrl}${ask.path}${queryText(ask.query ?? {})}`,
      headers: {
        accept: 'application/json',
        ...presented.headers,
        ...(ask.body === undefined ? {} : { 'content-type': 'application/json' }),
        ...ask.headers,
      },
      ...(ask.body === undefined ? {} : { body: ask.body }),
      timeoutMs: options.timeoutMs ?? 15_000,
    };
    try {
      return { presented, report, response: await options.http(request) };
    } catch (error) {
      report('down', null);
      if (error instanceof HttpFailure) {
        throw new DependencyDown(ALPACA, `Alpaca did not answer: ${error.message}`, { cause: error });
      }
      throw error;
    }
  };

  const sendAuthorized = async (ask: Ask): Promise<Sent> => {
    const first = await send(ask, await credentials.present());
    if (first.response.status !== 401 || !first.presented.refused()) return first;
    first.report('down', first.response);
    return send(ask, await credentials.present());
  };

  return async (ask, read) => {
    const { presented, report, response } = await sendAuthorized(ask);
    try {
      const clean = (text: string): string => blotOut(text, presented.secrets);
      const answer = classify(response, { nowMs: clock.nowMs(), read, clean });
      report(answer.kind, response);
      return answer;
    } catch (error) {
      report('down', response);
      throw error;
    }
  };
}

/** An exchange that brought an answer, whatever it is. */
interface Sent {
  readonly presented: Presented;
  readonly response: HttpResponse;
  readonly report: (outcome: AlpacaCall['outcome'], response: HttpResponse | null) => void;
}

function queryText(query: Readonly<Record<string, string | undefined>>): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) parameters.append(name, value);
  }
  return parameters.size === 0 ? '' : `?${parameters.toString()}`;
}
