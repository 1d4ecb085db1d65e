import { IssuanceError, invariant, RpcFailure } from '../../primitives/failures.ts';
import type { Random, RpcTransport, Timers } from '../../ports/ports.ts';
import { broadcast } from './broadcast.ts';
import { createEndpoint, type Endpoint } from './endpoint.ts';
import { type Ask, createReader } from './reader.ts';
import type { PinnedRpc, RpcClient, RpcMetric } from './types.ts';

const DEFAULT_TIMEOUT_MS = 15_000;

export interface RpcClientOptions {
  /** Wire name, for messages. */
  readonly network: string;
  /** In order of preference; at least one. */
  readonly urls: readonly string[];
  /** What every endpoint must answer to `eth_chainId`. */
  readonly chainId: number;
  readonly transport: RpcTransport;
  readonly timers: Timers;
  readonly random: Random;
  /** Called after every request to an endpoint, checks of the chain id included. Must not throw. */
  readonly onRequest?: (metric: RpcMetric) => void;
  /** For one request to one endpoint; default 15000. */
  readonly timeoutMs?: number;
}

/** Creates the client of one network. It sends nothing by itself, and retries nothing beyond one pass. */
export function createRpcClient(options: RpcClientOptions): RpcClient {
  const { network, chainId, urls, transport, timers, random } = options;
  invariant(urls.length > 0, `network ${network} has at least one RPC URL`);
  const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const { onRequest } = options;
  const endpoints = urls.map((url, index) =>
    createEndpoint({ index, url, network, chainId, transport, timers, random, timeoutMs, onRequest }),
  );

  const askAny: Ask = async (method, params, decode) => {
    const errors: IssuanceError[] = [];
    for (const endpoint of byFitness(endpoints)) {
      try {
        return await endpoint.ask(method, params, decode);
      } catch (error) {
        if (!didNotServe(error)) throw error;
        errors.push(error);
      }
    }
    throw noneServed(network, method, errors);
  };

  return {
    ...createReader(askAny),
    network,
    chainId,
    endpointCount: endpoints.length,
    request: async (method, params, { endpoint } = {}) => {
      if (endpoint === undefined) return askAny(method, params, asIs);
      const only = endpoints[endpoint];
      invariant(only !== undefined, `network ${network} has an endpoint ${String(endpoint)}`);
      return only.ask(method, params, asIs);
    },
    pinned() {
      const [best] = byFitness(endpoints);
      invariant(best !== undefined, `network ${network} has an endpoint`);
      return pin(best);
    },
    other(endpoint) {
      const best = byFitness(endpoints).find(({ index }) => index !== endpoint);
      return best === undefined ? null : pin(best);
    },
    sendRawTransaction: (raw) => broadcast(endpoints, raw),
    checkEndpoints: () => Promise.all(endpoints.map((endpoint) => endpoint.check())),
  };
}

/** Fit endpoints in their order, then those at rest, shortest first: better a try than none. */
function byFitness(endpoints: readonly Endpoint[]): readonly Endpoint[] {
  return endpoints
    .map((endpoint) => ({ endpoint, restMs: endpoint.restMs() }))
    .sort((a, b) => a.restMs - b.restMs || a.endpoint.index - b.endpoint.index)
    .map(({ endpoint }) => endpoint);
}

function pin(endpoint: Endpoint): PinnedRpc {
  return {
    ...createReader(endpoint.ask),
    endpoint: endpoint.index,
    origin: endpoint.origin,
    request: (method, params) => endpoint.ask(method, params, asIs),
  };
}

function asIs(result: unknown): unknown {
  return result;
}

function isWrongChain(error: unknown): error is IssuanceError {
  return error instanceof IssuanceError && error.code === 'wrong_chain_id';
}

function didNotServe(error: unknown): error is IssuanceError {
  return (error instanceof RpcFailure && error.kind === 'unreachable') || isWrongChain(error);
}

function noneServed(network: string, method: string, errors: readonly IssuanceError[]): IssuanceError {
  const [first] = errors;
  invariant(first !== undefined, 'an endpoint that did not serve said why');
  if (errors.length === 1) return first;
  const wrong = errors.find(isWrongChain);
  if (wrong !== undefined && errors.every(isWrongChain)) return wrong;
  const status = errors.map((error) => (error instanceof RpcFailure ? error.httpStatus : null));
  const httpStatus = status.find((value) => value !== null);
  return new RpcFailure(
    `no endpoint of ${network} served ${method}: ${errors.map((error) => error.message).join('; ')}`,
    {
      kind: 'unreachable',
      method,
      cause: new AggregateError(errors),
      ...(httpStatus === undefined || httpStatus === null ? {} : { httpStatus }),
    },
  );
}
