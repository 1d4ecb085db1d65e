import { HttpFailure, IssuanceError } from '../../primitives/failures.ts';
import { parseJson } from './fields.ts';
import type { SendEndpoint, SentCall } from './model.ts';
import type { IssuerEndpoint } from './options.ts';
import { signRequest } from './sign-request.ts';
import type { World } from './world.ts';

/** The calls of Alpaca to the issuer. */
export interface IssuerLink {
  /** One exchange. Never rejects for what the issuer does. */
  exchange(endpoint: SendEndpoint, body?: Readonly<Record<string, unknown>>): Promise<SentCall>;
  /**
   * Sends until an answer is final, as Alpaca does: again on 5xx, connection failure or time-out, with an
   * identical request, its signature included; a 2xx or 4xx ends it, as does the `attempts`-th try.
   */
  deliver(
    endpoint: SendEndpoint,
    body: Readonly<Record<string, unknown>>,
    attempts?: number,
  ): Promise<SentCall>;
  /** Every exchange that is over, oldest first. */
  readonly sent: readonly SentCall[];
}

/** A call that can be sent several times, the same to the last byte. */
interface Prepared extends Pick<SentCall, 'endpoint' | 'method' | 'path' | 'body'> {
  readonly text: string | null;
  readonly headers: Readonly<Record<string, string>>;
}

const paths = {
  current: {
    connect: '/tokenization/accounts/connect',
    tokens: '/tokenization/tokens',
    mint: '/tokenization/mint',
    confirm: '/tokenization/mint/confirm',
  },
  first: {
    connect: '/accounts/connect',
    tokens: '/tokenized-assets',
    mint: '/inkind/issuance',
    confirm: '/inkind/issuance/confirm',
  },
} as const;

export function createIssuerLink(world: World): IssuerLink {
  const { settings } = world;
  const sent: SentCall[] = [];

  const reach = (): IssuerEndpoint => {
    const { issuer } = settings;
    if (issuer === null)
      throw new IssuanceError('issuer_unset', 'call setIssuer with the issuer’s URL first');
    return issuer;
  };

  /** What a delivery repeats, whatever becomes of the settings in between. */
  const prepare = (endpoint: SendEndpoint, body?: Readonly<Record<string, unknown>>): Prepared => {
    const method = endpoint === 'tokens' ? 'GET' : 'POST';
    const path = paths[settings.pathGeneration][endpoint];
    const text = body === undefined ? null : JSON.stringify(body);
    const content = text === null ? {} : { 'content-type': 'application/json' };
    const proof = proofOf(world, reach(), { method, path, body: text });
    return {
      endpoint,
      method,
      path,
      body,
      text,
      headers: { accept: 'application/json', ...content, ...proof },
    };
  };

  const send = async ({ endpoint, method, path, body, text, headers }: Prepared): Promise<SentCall> => {
    const atMs = world.nowMs();
    const outcome = await settings.ports
      .http({
        method,
        url: `${reach().url.replace(/\/+$/, '')}${path}`,
        headers,
        timeoutMs: settings.issuerTimeoutMs,
        ...(text === null ? {} : { body: text }),
      })
      .then(
        (response) => ({
          kind: 'answered' as const,
          status: response.status,
          body: parseJson(response.body) ?? response.body,
        }),
        (cause: unknown) => {
          if (!(cause instanceof HttpFailure)) throw cause;
          return {
            kind: 'failed' as const,
            message: cause.message,
            timedOut: cause.code === 'http_timeout',
          };
        },
      );
    const call: SentCall = { endpoint, atMs, method, path, body, outcome };
    sent.push(call);
    world.changes.notify();
    return call;
  };

  const exchange: IssuerLink['exchange'] = async (endpoint, body) => send(prepare(endpoint, body));

  const deliver: IssuerLink['deliver'] = async (endpoint, body, attempts = Number.POSITIVE_INFINITY) => {
    // A copy, so that what a rule does to the object later cannot change a retry.
    const identical = prepare(endpoint, structuredClone(body));
    for (let attempt = 1; ; attempt += 1) {
      const call = await send(identical);
      if (isFinal(call) || attempt >= attempts) return call;
      const { retryDelaysMs } = settings;
      await world.schedule.pause(retryDelaysMs[Math.min(attempt, retryDelaysMs.length) - 1] ?? 0);
    }
  };

  return { exchange, deliver, sent };
}

/** Headers that show who calls. */
function proofOf(
  world: World,
  { url, apiKey, signing }: IssuerEndpoint,
  call: { readonly method: string; readonly path: string; readonly body: string | null },
): Readonly<Record<string, string>> {
  if (signing === undefined) return { 'x-api-key': apiKey };
  return signRequest(signing, {
    method: call.method,
    targetUri: `${(signing.publicUrl ?? url).replace(/\/+$/, '')}${call.path}`,
    body: call.body,
    createdMs: world.nowMs(),
    nonce: world.settings.ports.random.bytes(16),
  });
}

function isFinal({ outcome }: SentCall): boolean {
  return outcome.kind === 'answered' && (isSuccess(outcome.status) || isRefusal(outcome.status));
}

export function isSuccess(status: number): boolean {
  return status >= 200 && status <= 299;
}

/** Final for Alpaca: every 4xx, whatever it says. */
export function isRefusal(status: number): boolean {
  return status >= 400 && status <= 499;
}

/** What came of a call, in words. */
export function describeOutcome({ outcome }: SentCall): string {
  if (outcome.kind === 'failed') return outcome.message;
  const { status, body } = outcome;
  return `${String(status)} ${typeof body === 'string' ? body : JSON.stringify(body)}`;
}
