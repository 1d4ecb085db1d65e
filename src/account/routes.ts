import type { FastifyPluginAsync } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { parseAddress } from '../primitives/address.ts';
import { IssuanceError } from '../primitives/failures.ts';
import type { AccountView, Accounts } from './accounts.ts';

const email = z.email().max(254);
const accountBody = z.object({ email, alpaca_account_id: z.string().min(1).max(128).optional() });
const walletBody = z.object({ wallet: z.string() });
const clientParams = z.object({ client_id: z.string() });
const success = z.object({ success: z.literal(true) });
const account = z.object({
  client_id: z.string(),
  email: z.string(),
  alpaca_account_id: z.string().nullable(),
  alpaca_account_number: z.string().nullable(),
  wallets: z.array(z.string()),
  created_at: z.string(),
});
/** Alpaca's first generation calls the account number `account`. */
const connectBody = z
  .object({
    email: z.string().min(1).max(254),
    client_account_number: z.string().min(1).max(128).optional(),
    account: z.string().min(1).max(128).optional(),
  })
  .transform(({ email, client_account_number: current, account: first }, context) => {
    const accountNumber = current ?? first;
    if (accountNumber === undefined || (first !== undefined && current !== undefined && first !== current)) {
      context.addIssue({ code: 'custom', message: 'exactly one client_account_number is needed' });
      return z.NEVER;
    }
    return { email, accountNumber };
  });
const connected = z.object({ client_external_account_id: z.string(), client_id: z.string() });

/** Internal routes: accounts and their wallets. `onWalletAdded` lets waiting redemptions go on. */
export function accountRoutes(
  accounts: Accounts,
  onWalletAdded: (wallet: string) => Promise<void>,
): FastifyPluginAsync {
  const routes: FastifyPluginAsyncZod = async (app) => {
    const walletOf = (text: string): `0x${string}` => {
      const wallet = parseAddress(text);
      if (wallet === null) throw new IssuanceError('malformed', `'${text.slice(0, 60)}' is not an address`);
      return wallet;
    };

    app.post(
      '/accounts',
      { schema: { body: accountBody, response: { 201: z.object({ client_id: z.string(), email }) } } },
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
          querystring: z.object({
            limit: z.coerce.number().int().min(1).max(1000).default(100),
            cursor: z.string().optional(),
          }),
          response: { 200: z.object({ items: z.array(account), next_cursor: z.string().nullable() }) },
        },
      },
      async (request) => {
        const { limit, cursor } = request.query;
        const items = await accounts.list({ limit, after: cursor === undefined ? null : readCursor(cursor) });
        const last = items.at(-1);
        return {
          items: items.map(toWire),
          next_cursor: items.length < limit || last === undefined ? null : writeCursor(last),
        };
      },
    );

    app.get(
      '/accounts/:client_id',
      { schema: { params: clientParams, response: { 200: account } } },
      async (request) => {
        const found = await accounts.get(request.params.client_id);
        if (found === null) throw new IssuanceError('account_unknown', 'no account has this client id');
        return toWire(found);
      },
    );

    app.post(
      '/accounts/:client_id/wallets',
      { schema: { params: clientParams, body: walletBody, response: { 200: success } } },
      async (request) => {
        const wallet = walletOf(request.body.wallet);
        const metadata = { actor: request.actor, causation: request.id };
        await accounts.addWallet(request.params.client_id, wallet, metadata);
        await onWalletAdded(wallet);
        return { success: true } as const;
      },
    );

    app.delete(
      '/accounts/:client_id/wallets/:wallet',
      { schema: { params: clientParams.extend({ wallet: z.string() }), response: { 200: success } } },
      async (request) => {
        const wallet = walletOf(request.params.wallet);
        const metadata = { actor: request.actor, causation: request.id };
        await accounts.removeWallet(request.params.client_id, wallet, metadata);
        return { success: true } as const;
      },
    );
  };
  return routes;
}

/** Alpaca's routes: linking an account, in both generations. */
export function connectRoutes(accounts: Accounts): FastifyPluginAsync {
  const routes: FastifyPluginAsyncZod = async (app) => {
    for (const url of ['/tokenization/accounts/connect', '/accounts/connect']) {
      app.post(url, { schema: { body: connectBody, response: { 200: connected } } }, async (request) => {
        const metadata = { actor: request.actor, causation: request.id };
        const { clientId } = await accounts.connect(request.body, metadata);
        return { client_external_account_id: clientId, client_id: clientId };
      });
    }
  };
  return routes;
}

function toWire(view: AccountView): z.infer<typeof account> {
  return {
    client_id: view.clientId,
    email: view.email,
    alpaca_account_id: view.alpacaAccountId,
    alpaca_account_number: view.accountNumber,
    wallets: [...view.wallets],
    created_at: new Date(view.createdMs).toISOString(),
  };
}

function writeCursor(view: AccountView): string {
  return Buffer.from(JSON.stringify([view.createdMs, view.clientId])).toString('base64url');
}

const cursorShape = z.tuple([z.number().int(), z.string()]);

function readCursor(text: string): readonly [number, string] {
  try {
    return cursorShape.parse(JSON.parse(Buffer.from(text, 'base64url').toString()));
  } catch (error) {
    throw new IssuanceError('malformed', 'the cursor is not one that this service gave', { cause: error });
  }
}
