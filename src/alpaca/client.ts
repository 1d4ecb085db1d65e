import { invariant } from '../primitives/failures.ts';
import { ALPACA_UNIT, formatQuantity } from '../primitives/quantity.ts';
import { readJson } from './classify.ts';
import { decodeJournal, decodeList, decodePosition, decodeRequest } from './decode.ts';
import type { ExchangeOptions } from './exchange.ts';
import { createExchange } from './exchange.ts';
import type { AlpacaClient } from './types.ts';

export interface AlpacaOptions extends ExchangeOptions {
  /** Our designated tokenization account; never an AP's. */
  readonly accountId: string;
  /** How our id of an AP is named: the old `client_id` was announced to end in October 2026. */
  readonly clientIdField: 'client_external_account_id' | 'client_id';
}

/**
 * Creates the client of Alpaca's side. It repeats no call that may have been acted upon: what a repeat means is decided
 * above.
 */
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
