import { createHttpClient } from '../ports/http-client.ts';
import { IssuanceError } from '../primitives/failures.ts';

const TIMEOUT_MS = 30_000;

/** The service's internal routes, as an operator calls them. */
export interface IssuerApi {
  readonly url: string;
  /** Resolves with the JSON of a 2xx answer; rejects with `IssuerRefused` for any other, and where it is no JSON. */
  call(method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown, timeoutMs?: number): Promise<unknown>;
}

/** The answer has another status than 2xx, or is none of the service. */
export class IssuerRefused extends IssuanceError {
  override readonly name = 'IssuerRefused';
  readonly status: number;
  /** The answer as it came: a problem document, unless something else listens there. */
  readonly body: string;
  constructor(what: string, status: number, body: string) {
    super('issuer_refused', `${what} was answered ${String(status)}: ${body}`, { details: { status } });
    this.status = status;
    this.body = body;
  }
}

/** @param adminKey null for what needs none */
export function createIssuerApi(url: string, adminKey: string | null): IssuerApi {
  const http = createHttpClient();
  return {
    url,
    async call(method, path, body, timeoutMs = TIMEOUT_MS) {
      const answer = await http({
        method,
        url: `${url}${path}`,
        headers: {
          ...(adminKey === null ? {} : { 'x-api-key': adminKey }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        timeoutMs,
      });
      if (answer.status < 200 || answer.status > 299) {
        throw new IssuerRefused(`${method} ${path}`, answer.status, answer.body);
      }
      try {
        return JSON.parse(answer.body) as unknown;
      } catch {
        // Whoever answers 200 without JSON is not the service.
        throw new IssuerRefused(`${method} ${path}`, answer.status, answer.body);
      }
    },
  };
}
