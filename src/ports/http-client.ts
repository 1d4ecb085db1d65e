import { HttpFailure } from '../primitives/failures.ts';
import type { HttpClient, HttpRequest, HttpResponse } from './ports.ts';

/** A larger answer is given up: nothing we ask for comes near it, and memory is bounded. */
const LARGEST_BODY_BYTES = 64 * 1024 * 1024;

/**
 * Creates the HTTP client of the real world: global `fetch` with kept-alive connections.
 *
 * It does not follow redirects (credentials would travel along) and does not retry. Credentials in the URL go
 * into an `Authorization` header. Messages name the origin only, since paths and queries may hold keys.
 */
export function createHttpClient(): HttpClient {
  return async (request) => {
    const target = parseTarget(request);
    const controller = new AbortController();
    let isComplete = false;
    const timer = setTimeout(() => {
      controller.abort();
    }, request.timeoutMs);
    try {
      const response = await fetch(target.url, {
        method: request.method,
        headers: target.headers,
        redirect: 'manual',
        signal: controller.signal,
        ...(request.body === undefined ? {} : { body: request.body }),
      });
      const answer = await readAnswer(response);
      isComplete = true;
      return answer;
    } catch (cause) {
      const what = `${request.method} ${target.origin}`;
      if (controller.signal.aborted) {
        const message = `${what}: no complete answer within ${String(request.timeoutMs)} ms`;
        throw new HttpFailure(message, { cause, timedOut: true });
      }
      throw new HttpFailure(`${what}: ${reasonOf(cause)}`, { cause, timedOut: false });
    } finally {
      clearTimeout(timer);
      // Frees the connection of an answer that was given up half-way.
      if (!isComplete) controller.abort();
    }
  };
}

interface Target {
  readonly url: URL;
  readonly origin: string;
  readonly headers: Record<string, string>;
}

function parseTarget(request: HttpRequest): Target {
  const url = URL.parse(request.url);
  // Without a cause: the platform's own error would repeat the whole URL, and it may hold a key.
  if (url === null) throw new HttpFailure(`${request.method}: not a URL`, { timedOut: false });
  const headers = { ...request.headers };
  if (url.username !== '' || url.password !== '') {
    const pair = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
    headers['authorization'] ??= `Basic ${Buffer.from(pair).toString('base64')}`;
    url.username = '';
    url.password = '';
  }
  return { url, origin: url.origin, headers };
}

async function readAnswer(response: Response): Promise<HttpResponse> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > LARGEST_BODY_BYTES) throw new Error(`answer exceeds ${String(LARGEST_BODY_BYTES)} bytes`);
    chunks.push(chunk);
  }
  return {
    status: response.status,
    headers: Object.fromEntries(response.headers),
    body: Buffer.concat(chunks).toString('utf8'),
  };
}

/** `fetch` wraps the interesting error, such as ECONNREFUSED, as the cause of "fetch failed". */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  if (!(cause instanceof Error)) return error.message;
  if (cause.message !== '') return cause.message;
  return 'code' in cause ? String(cause.code) : error.message;
}
