import { HttpFailure, IssuanceError, RpcFailure } from '../../primitives/failures.ts';
import type { Random, RpcTransport, Timers } from '../../ports/ports.ts';
import { hiddenParts } from '../../primitives/hidden-parts.ts';
import { decodeQuantity } from './decode.ts';
import { isBusy } from './failure-kinds.ts';
import type { Ask } from './reader.ts';
import type { EndpointState, RpcMetric } from './types.ts';

const FIRST_REST_MS = 1_000;
const LONGEST_REST_MS = 30_000;
/** Shorter ones would blot out ordinary words. */
const SHORTEST_SECRET = 8;

export interface EndpointOptions {
  readonly index: number;
  readonly url: string;
  readonly network: string;
  readonly chainId: number;
  readonly transport: RpcTransport;
  readonly timers: Timers;
  readonly random: Random;
  readonly timeoutMs: number;
  readonly onRequest: ((metric: RpcMetric) => void) | undefined;
}

/** One URL of a network. */
export interface Endpoint {
  readonly index: number;
  readonly origin: string;
  /** How much longer it should be left alone after it failed to serve; 0 when it is fit. */
  restMs(): number;
  /** Sends one request, after the chain id was found right. Rejects with `RpcFailure` or `wrong_chain_id`. */
  readonly ask: Ask;
  /** Asks for the chain id, whatever was known. */
  check(): Promise<EndpointState>;
}

/** Creates the endpoint. It sends nothing until it is first asked. */
export function createEndpoint(options: EndpointOptions): Endpoint {
  const { index, url, network, chainId, transport, timers } = options;
  const origin = URL.parse(url)?.origin ?? 'an invalid URL';
  const where = `${network} endpoint ${String(index)} (${origin})`;
  const rest = createRest(options);
  const hidden = hiddenParts(url).filter((it) => it.length >= SHORTEST_SECRET);
  /** The check of the chain id, under way or passed; forgotten when the endpoint was unreachable. */
  let checking: Promise<void> | null = null;

  const send: Ask = async (method, params, decode) => {
    const startedMs = timers.monotonicMs();
    const report = (outcome: RpcMetric['outcome']) => {
      options.onRequest?.({ method, endpoint: index, outcome, durationMs: timers.monotonicMs() - startedMs });
    };
    try {
      const result = decode(await transport({ url, method, params, timeoutMs: options.timeoutMs }));
      rest.end();
      report('ok');
      return result;
    } catch (error) {
      const failure = withoutSecrets(asRpcFailure(method, error), url, { origin, hidden });
      const busy = isBusy(failure);
      if (failure.kind === 'answered' && !busy) {
        rest.end();
        report('answered_error');
        throw failure;
      }
      rest.begin();
      // Behind an address that was gone for a while there may be another node.
      if (failure.httpStatus !== 429) checking = null;
      report(busy ? 'busy' : 'unreachable');
      throw withMessage(failure, `${where}: ${failure.message}`, 'unreachable');
    }
  };

  const checkChain = async () => {
    const got = await send('eth_chainId', [], (result) => decodeQuantity(result, 'chain id'));
    if (got === BigInt(chainId)) return;
    rest.begin(LONGEST_REST_MS);
    throw new IssuanceError(
      'wrong_chain_id',
      `${where} is on chain ${String(got)}, expected ${String(chainId)}; it is not used: ` +
        'correct the URL or the chain id',
      { details: { network, endpoint: index, origin, expected: chainId, got: String(got) } },
    );
  };

  const ensureChain = () => {
    if (checking !== null) return checking;
    const current = checkChain();
    checking = current;
    current.catch(() => {
      if (checking === current) checking = null;
    });
    return current;
  };

  return {
    index,
    origin,
    restMs: rest.leftMs,
    ask: async (method, params, decode) => {
      await ensureChain();
      return send(method, params, decode);
    },
    check: async () => {
      try {
        await checkChain();
        return { endpoint: index, origin, state: 'ok', error: null };
      } catch (error) {
        if (!(error instanceof IssuanceError)) throw error;
        const state = error.code === 'wrong_chain_id' ? 'wrong_chain' : 'unreachable';
        if (state === 'wrong_chain') checking = null;
        return { endpoint: index, origin, state, error: error.message };
      }
    },
  };
}

/** Rest after failures in a row: doubling, with jitter so that several processes do not come back at once. */
function createRest({ timers, random }: Pick<EndpointOptions, 'timers' | 'random'>) {
  let failures = 0;
  let untilMs = 0;
  const leftMs = () => Math.max(0, untilMs - timers.monotonicMs());
  return {
    leftMs,
    begin(atLeastMs = 0) {
      // Requests that were under way together fail together: that is one failure.
      if (leftMs() > 0) return;
      const doubledMs = Math.min(LONGEST_REST_MS, FIRST_REST_MS * 2 ** Math.min(failures, 10));
      const fullMs = Math.max(atLeastMs, doubledMs);
      failures += 1;
      untilMs = timers.monotonicMs() + fullMs * (0.5 + random.fraction() / 2);
    },
    end() {
      failures = 0;
      untilMs = 0;
    },
  };
}

/** What decoders and the transport throw as one kind; a programming error goes through as it is. */
function asRpcFailure(method: string, error: unknown): RpcFailure {
  if (error instanceof RpcFailure) return error;
  if (
    error instanceof HttpFailure ||
    (error instanceof IssuanceError && error.code === 'rpc_unusable_answer')
  ) {
    return new RpcFailure(`${method}: ${error.message}`, { kind: 'unreachable', method, cause: error });
  }
  throw error;
}

/** The same failure without what its URL hides: nodes repeat keys, and messages are kept and shown. */
function withoutSecrets(
  failure: RpcFailure,
  url: string,
  { origin, hidden }: { readonly origin: string; readonly hidden: readonly string[] },
): RpcFailure {
  const bare = failure.message.replaceAll(url, origin);
  const message = hidden.reduce((clean, part) => clean.replaceAll(part, '[secret]'), bare);
  return message === failure.message ? failure : withMessage(failure, message, failure.kind);
}

function withMessage(failure: RpcFailure, message: string, kind: RpcFailure['kind']): RpcFailure {
  return new RpcFailure(message, {
    kind,
    method: failure.method,
    ...(failure.rpcCode === null ? {} : { rpcCode: failure.rpcCode }),
    ...(failure.httpStatus === null ? {} : { httpStatus: failure.httpStatus }),
    data: failure.data,
    cause: failure.cause,
  });
}
