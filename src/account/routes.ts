import type { FastifyPluginAsync } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { atQuery, unknownThen, upTo } from '../operation/point-in-time.ts';
import { pageQuery, readCursor, writeCursor } from '../primitives/wire.ts';
import type { Accounts } from './accounts.ts';
import {
  account,
  accountOnWire,
  accountPage,
  clientParams,
  connectBody,
  connected,
  registerBody,
  registered,
  success,
  walletBody,
  walletParams,
} from './wire.ts';

const tags = ['accounts'];
const LIST = ['accounts'] as const;
const cursorShape = z.tuple([z.number().int(), z.string()]);

/** Internal routes: accounts and their wallets. `onWalletAdded` lets waiting redemptions go on. */
export function accountRoutes(
  accounts: Accounts,
  onWalletAdded: (wallet: string) => Promise<void>,
): FastifyPluginAsync {
  const routes: FastifyPluginAsyncZod = async (app) => {
    app.post(
      '/accounts',
      {
        schema: {
          operationId: 'registerAccount',
          tags,
          summary: 'Register a participant',
          description: 'Under an email that no other has. Alpaca links it by the same email.',
          body: registerBody,
          response: { 201: registered },
          problems: ['email_taken', 'alpaca_account_taken'],
        },
      },
      async (request, reply) => {
        const { email, alpaca_account_id: alpacaAccountId = null } = request.body;
        const { clientId } = await accounts.register(
          { email, alpacaAccountId },
          { actor: request.actor, causation: request.id },
        );
        return reply.code(201).send({ client_id: clientId, email });
      },
    );

    app.get(
      '/accounts',
      {
        schema: {
          operationId: 'listAccounts',
          tags,
          summary: 'All participants, in the order of their registration',
          querystring: pageQuery(100),
          response: { 200: accountPage },
        },
      },
      async (request) => {
        const { limit, cursor } = request.query;
        const after = readCursor(LIST, cursor, cursorShape);
        const found = await accounts.list({ limit: limit + 1, after });
        const items = found.slice(0, limit);
        const last = found.length > limit ? items.at(-1) : undefined;
        return {
          items: items.map(accountOnWire),
          next_cursor: last === undefined ? null : writeCursor(LIST, [last.createdMs, last.clientId]),
        };
      },
    );

    app.get(
      '/accounts/:client_id',
      {
        schema: {
          operationId: 'getAccount',
          tags,
          summary: 'One participant, as it is or as it was',
          params: clientParams,
          querystring: atQuery,
          response: { 200: account },
          problems: ['account_unknown'],
        },
      },
      async (request) => {
        const then = upTo(request.query);
        const found = await accounts.get(request.params.client_id, then);
        if (found === null) throw unknownThen('account_unknown', 'account with this client id', then);
        return accountOnWire(found);
      },
    );
    walletRoutes(app, accounts, onWalletAdded);
  };
  return routes;
}

function walletRoutes(
  app: Parameters<FastifyPluginAsyncZod>[0],
  accounts: Accounts,
  onWalletAdded: (wallet: string) => Promise<void>,
): void {
  app.post(
    '/accounts/:client_id/wallets',
    {
      schema: {
        operationId: 'addWallet',
        tags,
        summary: 'Whitelist a wallet',
        description:
          'Tokens are minted to whitelisted wallets only, and redeemed for the participant whose wallet sent them. ' +
          'May be repeated. Redemptions that wait for this wallet go on.',
        params: clientParams,
        body: walletBody,
        response: { 200: success },
        problems: ['account_unknown', 'wallet_taken', 'wallet_reserved'],
      },
    },
    async (request) => {
      const { wallet } = request.body;
      const metadata = { actor: request.actor, causation: request.id };
      await accounts.addWallet(request.params.client_id, wallet, metadata);
      await onWalletAdded(wallet);
      return { success: true } as const;
    },
  );

  app.delete(
    '/accounts/:client_id/wallets/:wallet',
    {
      schema: {
        operationId: 'removeWallet',
        tags,
        summary: 'Take a wallet off the whitelist',
        description: 'May be repeated. What is under way goes on.',
        params: walletParams,
        response: { 200: success },
        problems: ['account_unknown'],
      },
    },
    async (request) => {
      const { client_id: clientId, wallet } = request.params;
      await accounts.removeWallet(clientId, wallet, { actor: request.actor, causation: request.id });
      return { success: true } as const;
    },
  );
}

/** Alpaca's routes: linking an account, in both generations. */
export function connectRoutes(accounts: Accounts): FastifyPluginAsync {
  const routes: FastifyPluginAsyncZod = async (app) => {
    for (const { url, operationId, deprecated } of [
      { url: '/tokenization/accounts/connect', operationId: 'connectAccount', deprecated: false },
      { url: '/accounts/connect', operationId: 'connectAccountFirstGeneration', deprecated: true },
    ]) {
      app.post(
        url,
        {
          schema: {
            operationId,
            deprecated,
            tags: ['alpaca'],
            summary: 'Link a participant to its account at Alpaca',
            description: 'By the email that it was registered with. May be repeated.',
            body: connectBody,
            response: { 200: connected },
            problems: ['account_unknown', 'account_linked_elsewhere'],
          },
        },
        async (request) => {
          const metadata = { actor: request.actor, causation: request.id };
          const { clientId } = await accounts.connect(request.body, metadata);
          return { client_external_account_id: clientId, client_id: clientId };
        },
      );
    }
  };
  return routes;
}
