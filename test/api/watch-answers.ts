import { afterEach } from 'vitest';
import { startedIssuers } from '../e2e/started-issuers.ts';
import type { Contract } from './contract.ts';
import { createContract } from './contract.ts';
import { readOpenApi } from './open-api.ts';

/**
 * Set up before every end-to-end test: whoever in the test's process asks the service — the test, an operator, the
 * simulated Alpaca — the answer is held to the OpenAPI document, and the test fails when one is not as documented.
 */

/** Where services of this process's worlds listen. */
const origins = new Set<string>();
const faults = new Set<string>();
const underWay = new Set<Promise<void>>();
let contract: Contract | null = null;
let checked = 0;

const plainFetch = globalThis.fetch;
globalThis.fetch = async (input, init) => {
  const response = await plainFetch(input, init);
  const url = URL.parse(input instanceof Request ? input.url : String(input));
  if (url !== null && contract !== null && origins.has(url.origin) && !isPage(url.pathname)) {
    const method = init?.method ?? (input instanceof Request ? input.method : 'GET');
    const checking = check(contract, method, url, response.clone()).finally(() => underWay.delete(checking));
    underWay.add(checking);
  }
  return response;
};

afterEach(async () => {
  await Promise.all(underWay);
  const found = [...faults];
  faults.clear();
  if (found.length > 0) throw new Error(`answers are not as documented:\n${found.join('\n')}`);
});

/** From now on answers from this address are held to the document that it serves. */
startedIssuers.onStarted = async (url) => {
  origins.add(new URL(url).origin);
  contract ??= createContract(await readOpenApi(url));
};

/** How many answers were held to the document so far. */
export function answersChecked(): number {
  return checked;
}

async function check(held: Contract, method: string, url: URL, response: Response): Promise<void> {
  const body = await bodyOf(response);
  if (body === null) return;
  checked += 1;
  const fault = held.faultOf({
    method,
    target: `${url.pathname}${url.search}`,
    status: response.status,
    type: response.headers.get('content-type') ?? '',
    requestId: response.headers.get('x-request-id'),
    body,
  });
  if (fault !== null) faults.add(fault);
}

async function bodyOf(response: Response): Promise<string | null> {
  try {
    return await response.text();
  } catch {
    // The caller gave the answer up, or the service was killed in the middle of it.
    return null;
  }
}

/** Pages and figures are not for programs that read the document. */
function isPage(path: string): boolean {
  return path === '/metrics' || path === '/docs' || path.startsWith('/docs/');
}
