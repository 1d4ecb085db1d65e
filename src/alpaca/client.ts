import { DependencyDown } from '../engine/dependency-down.ts';
import type { Clock, HttpClient, HttpRequest, HttpResponse } from '../ports/ports.ts';
import { HttpFailure, invariant } from '../primitives/failures.ts';
import { ALPACA_UNIT, formatQuantity } from '../primitives/quantity.ts';
import { ALPACA, classify, readJson } from './classify.ts';
import { decodeJournal, decodeList, decodePosition, decodeRequest } from './decode.ts';
import type { AlpacaAnswer, AlpacaCall, AlpacaClient } from './types.ts';

export interface AlpacaOptions {
  /** E.g. `https://broker-api.alpaca.markets`, without a path. */
  readonly baseUrl: string;
  /** Our designated tokenization account; never an AP's. */
  readonly accountId: string;
  readonly credentials: { readonly key: string; readonly secret: string };
  /** How our id of an AP is named: the old `client_id` was announced to end in October 2026. */
  readonly clientIdField: 'client_external_account_id' | 'client_id';
  readonly http: HttpClient;
  readonly clock: Clock;
  /** Default 15,000. */
  readonly timeoutMs?: number;
  /** Told of every exchange, after it. */
  readonly onCall?: (call: AlpacaCall) => void;
}

interface Ask {
  readonly method: HttpRequest['method'];
  readonly call: string;
  readonly path: string;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Creates the client of Alpaca's side. It never repeats a call by itself: what a repeat means is decided above. */
export function createAlpacaClient(options: AlpacaOptions): AlpacaClient {
  const ask = createExchange(options);
  const tokenization = `/v1/accounts/${encodeURIComponent(options.accountId)}/tokenization`;
  const requestOf = readJson(decodeRequest);

  return {
    mintCallback: (callback) =>
      ask(
        {
          call: 'mint_callback',
          method: 'POST',
          path: `${tokenization}/callback/mint`,
          body: JSON.stringify({
            tokenization_request_id: callback.tokenizationRequestId,
            tx_hash: callback.transactionHash,
            [options.clientIdField]: callback.clientId,
            wallet_address: callback.wallet,
            network: callback.network,
          }),
        },
        () => null,
      ),

    redeemBody(call) {
      invariant(
        call.quantity > 0n && call.quantity % ALPACA_UNIT === 0n,
        'Alpaca takes at most nine decimals',
      );
      return JSON.stringify({
        issuer_request_id: call.issuerRequestId,
        underlying_symbol: call.underlying,
        token_symbol: call.token,
        qty: formatQuantity(call.quantity),
        network: call.network,
        wallet_address: call.wallet,
        tx_hash: call.transactionHash,
        [options.clientIdField]: call.clientId,
      });
    },

    redeem(body, idempotencyKey) {
      const path = `${tokenization}/callback/redeem`;
      const headers = { 'idempotency-key': idempotencyKey };
      return ask({ call: 'redeem', method: 'POST', path, body, headers }, requestOf);
    },

    getRequest: (id) =>
      ask(
        { call: 'get_request', method: 'GET', path: `${tokenization}/requests/${encodeURIComponent(id)}` },
        requestOf,
      ),

    findByIssuerRequestId: (issuerRequestId) =>
      ask(
        {
          call: 'find_request',
          method: 'GET',
          path: `${tokenization}/requests:by_issuer_request_id`,
          query: { issuer_request_id: issuerRequestId },
        },
        requestOf,
      ),

    listRequests: (filters) =>
      ask(
        {
          call: 'list_requests',
          method: 'GET',
          path: `${tokenization}/requests`,
          query: {
            type: filters.type,
            status: filters.status,
            underlying_symbol: filters.underlying,
            network: filters.network,
            after: filters.after,
            before: filters.before,
          },
        },
        readJson((value) => decodeList(value, 'requests', decodeRequest)),
      ),

    positions: () =>
      ask(
        {
          call: 'positions',
          method: 'GET',
          path: `/v1/trading/accounts/${encodeURIComponent(options.accountId)}/positions`,
        },
        readJson((value) => decodeList(value, 'positions', decodePosition)),
      ),

    journals: (filters) =>
      ask(
        {
          call: 'journals',
          method: 'GET',
          path: '/v1/journals',
          query: {
            entry_type: 'JNLS',
            to_account: filters.toAccount,
            from_account: filters.fromAccount,
            status: filters.status,
            after: filters.after,
            before: filters.before,
            limit: filters.limit?.toString(),
          },
        },
        readJson((value) => decodeList(value, 'journals', decodeJournal)),
      ),
  };
}

type Exchange = <T>(ask: Ask, read: (body: string) => T | undefined) => Promise<AlpacaAnswer<T>>;

function createExchange(options: AlpacaOptions): Exchange {
  const { clock, credentials } = options;
  const baseUrl = options.baseUrl.replace(/\/+$/, '');
  const basic = Buffer.from(`${credentials.key}:${credentials.secret}`).toString('base64');
  const common = {
    accept: 'application/json',
    // Production takes either scheme on different hosts; peers send both together.
    authorization: `Basic ${basic}`,
    'apca-api-key-id': credentials.key,
    'apca-api-secret-key': credentials.secret,
  };

  return async (ask, read) => {
    const startedMs = clock.nowMs();
    const report = (outcome: AlpacaCall['outcome'], response: HttpResponse | null): void => {
      options.onCall?.({
        call: ask.call,
        outcome,
        status: response?.status ?? null,
        requestId: response?.headers['x-request-id'] ?? null,
        durationMs: Math.max(0, clock.nowMs() - startedMs),
      });
    };
    let response: HttpResponse | null = null;
    try {
      response = await options.http({
        method: ask.method,
        url: `${baseUrl}${ask.path}${queryText(ask.query ?? {})}`,
        headers: {
          ...common,
          ...(ask.body === undefined ? {} : { 'content-type': 'application/json' }),
          ...ask.headers,
        },
        ...(ask.body === undefined ? {} : { body: ask.body }),
        timeoutMs: options.timeoutMs ?? 15_000,
      });
      const answer = classify(response, clock.nowMs(), read);
      report(answer.kind, response);
      return answer;
    } catch (error) {
      report('down', response);
      if (error instanceof HttpFailure) {
        throw new DependencyDown(ALPACA, `Alpaca did not answer: ${error.message}`, { cause: error });
      }
      throw error;
    }
  };
}

function queryText(query: Readonly<Record<string, string | undefined>>): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) parameters.append(name, value);
  }
  return parameters.size === 0 ? '' : `?${parameters.toString()}`;
}
