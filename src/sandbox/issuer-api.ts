import { createHttpClient } from '../ports/http-client.ts';
import { IssuanceError } from '../primitives/failures.ts';

const TIMEOUT_MS = 30_000;

/** The service's internal routes, as an operator calls them. */
export interface IssuerApi {
  readonly url: string;
  /** Resolves with the JSON of a 2xx answer; rejects with `issuer_refused` and the problem's text for any other. */
  call(method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown): Promise<unknown>;
}

export function createIssuerApi(url: string, adminKey: string): IssuerApi {
  const http = createHttpClient();
  return {
    url,
    async call(method, path, body) {
      const answer = await http({
        method,
        url: `${url}${path}`,
        headers: {
          'x-api-key': adminKey,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        timeoutMs: TIMEOUT_MS,
      });
      if (answer.status < 200 || answer.status > 299) {
        throw new IssuanceError(
          'issuer_refused',
          `${method} ${path} was answered ${answer.status}: ${answer.body}`,
          {
            details: { status: answer.status },
          },
        );
      }
      return JSON.parse(answer.body) as unknown;
    },
  };
}
