import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { anyKind } from '../event-store/create-ledger.ts';
import { createServer } from '../http/server.ts';
import { openTestLedger } from '../operation/test-ledger.ts';
import { systemClock, systemRandom, systemTimers } from '../ports/system.ts';
import { silentLog } from '../telemetry/log.ts';
import { ACCOUNT_TABLE, accountKind, WALLET_SPAN_TABLE, WALLET_TABLE } from './account.ts';
import { createAccounts } from './accounts.ts';
import { accountRoutes, connectRoutes } from './routes.ts';

const KEY = 'key-0123456789-0123456789-0123456789';
const WALLET = `0x${'Ab'.repeat(20)}`;
const ZERO = `0x${'0'.repeat(40)}`;

let linked: string[];
let call: (method: 'GET' | 'POST' | 'DELETE', url: string, payload?: object | string) => Promise<Answer>;

interface Answer {
  readonly statusCode: number;
  readonly body: string;
  json(): unknown;
}

beforeEach(async () => {
  const tables = [ACCOUNT_TABLE, WALLET_TABLE, WALLET_SPAN_TABLE];
  const { ledger, store, clock } = await openTestLedger([anyKind(accountKind)], tables);
  const accounts = createAccounts({
    ledger,
    store,
    clock,
    random: systemRandom,
    reservedAddress: (address) => Promise.resolve(address === ZERO ? 'it is the zero address' : null),
  });
  linked = [];
  const server = createServer({
    log: silentLog,
    random: systemRandom,
    clock: systemClock,
    timers: systemTimers,
    trustedProxies: [],
    alpaca: { ranges: [], keys: [{ name: 'alpaca', key: KEY }] },
    internal: { ranges: [], keys: [{ name: 'ana', key: KEY }] },
    routes: {
      alpaca: [connectRoutes(accounts)],
      internal: [
        accountRoutes(accounts, (wallet) => {
          linked.push(wallet);
          return Promise.resolve();
        }),
      ],
      keyless: [],
      open: [],
    },
  });
  onTestFinished(async () => {
    await server.close();
  });
  call = (method, url, payload) =>
    server.inject({
      method,
      url,
      headers: { 'x-api-key': KEY, ...(payload === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(payload === undefined ? {} : { payload }),
    });
});

const textOf = (answer: Answer, name: string): string =>
  (answer.json() as Record<string, string>)[name] ?? '';

async function register(email = 'desk@b.example'): Promise<string> {
  return textOf(await call('POST', '/accounts', { email }), 'client_id');
}

test('registers with 201, and says 409 the second time', async () => {
  const body = { email: 'Desk@B.example', alpaca_account_id: 'id-1' };
  const registered = await call('POST', '/accounts', body);
  expect(registered.statusCode).toBe(201);
  expect(registered.json()).toEqual({ client_id: expect.any(String), email: 'Desk@B.example' });
  const again = await call('POST', '/accounts', { email: 'desk@b.example' });
  expect([again.statusCode, textOf(again, 'code')]).toEqual([409, 'email_taken']);
  const other = await call('POST', '/accounts', { email: 'x@b.example', alpaca_account_id: 'id-1' });
  expect([other.statusCode, textOf(other, 'code')]).toEqual([409, 'alpaca_account_taken']);
});

test.each([
  ['{"email":"not an email"}'],
  ['{"email":7}'],
  ['{}'],
  ['[]'],
  ['null'],
  ['"desk@b.example"'],
  ['{"email":"a@b.example","alpaca_account_id":""}'],
  ['{"email":"a@b.example","alpaca_acount_id":"id-1"}'],
  ['{"__proto__":{"email":"a@b.example"}}'],
  ['{"constructor":{"prototype":{"email":"a@b.example"}}}'],
])('refuses to register %s as malformed', async (payload) => {
  const refused = await call('POST', '/accounts', payload);
  expect([refused.statusCode, textOf(refused, 'code')]).toEqual([400, 'malformed']);
});

test.each([
  ['/tokenization/accounts/connect', 'client_account_number'],
  ['/accounts/connect', 'account'],
])('%s links the account and answers with both names of its id', async (url, field) => {
  const clientId = await register();
  const connected = await call('POST', url, { email: 'DESK@b.example', [field]: '100' });
  expect(connected.statusCode).toBe(200);
  expect(connected.json()).toEqual({ client_external_account_id: clientId, client_id: clientId });
  const shown = await call('GET', `/accounts/${clientId}`);
  expect(shown.json()).toMatchObject({ alpaca_account_number: '100', wallets: [] });
});

test('connecting says 404 for an unknown email, 409 for one linked elsewhere, 400 for two numbers', async () => {
  await register();
  const connect = async (body: object) => (await call('POST', '/accounts/connect', body)).statusCode;
  expect(await connect({ email: 'x@y.example', account: '1' })).toBe(404);
  expect(await connect({ email: 'desk@b.example', account: '1' })).toBe(200);
  expect(await connect({ email: 'desk@b.example', account: '1', client_account_number: '1' })).toBe(200);
  expect(await connect({ email: 'desk@b.example', account: '2' })).toBe(409);
  expect(await connect({ email: 'desk@b.example', account: '1', client_account_number: '2' })).toBe(400);
  expect(await connect({ email: 'desk@b.example' })).toBe(400);
});

test('what is null is what is absent', async () => {
  expect(
    (await call('POST', '/accounts', { email: 'd@b.example', alpaca_account_id: null })).statusCode,
  ).toBe(201);
  const numbers = { client_account_number: '1', account: null };
  for (const body of [numbers, { client_account_number: null, account: '1' }]) {
    const connected = await call('POST', '/tokenization/accounts/connect', { email: 'd@b.example', ...body });
    expect(connected.statusCode).toBe(200);
  }
  const neither = { email: 'd@b.example', client_account_number: null, account: null };
  expect((await call('POST', '/accounts/connect', neither)).statusCode).toBe(400);
});

test('a client id is understood in any case', async () => {
  const clientId = await register();
  const url = `/accounts/${clientId.toUpperCase()}`;
  expect((await call('GET', url)).json()).toMatchObject({ client_id: clientId });
  expect((await call('POST', `${url}/wallets`, { wallet: WALLET })).statusCode).toBe(200);
  expect((await call('DELETE', `${url}/wallets/${WALLET}`)).statusCode).toBe(200);
});

test('a wallet is added and removed as often as one likes, and whoever waits for it is told', async () => {
  const clientId = await register();
  for (let times = 0; times < 2; times += 1) {
    const added = await call('POST', `/accounts/${clientId}/wallets`, { wallet: WALLET });
    expect([added.statusCode, added.json()]).toEqual([200, { success: true }]);
  }
  expect(linked).toEqual([WALLET.toLowerCase(), WALLET.toLowerCase()]);
  expect((await call('GET', `/accounts/${clientId}`)).json()).toMatchObject({
    wallets: [WALLET.toLowerCase()],
  });
  for (let times = 0; times < 2; times += 1) {
    const removed = await call(
      'DELETE',
      `/accounts/${clientId}/wallets/${WALLET.toUpperCase().replace('X', 'x')}`,
    );
    expect([removed.statusCode, removed.json()]).toEqual([200, { success: true }]);
  }
});

test('a wallet is refused with what is wrong about it, and nobody is told', async () => {
  const [one, two] = [await register(), await register('other@b.example')];
  await call('POST', `/accounts/${one}/wallets`, { wallet: WALLET });
  linked = [];
  const refusal = async (clientId: string, wallet: string) => {
    const refused = await call('POST', `/accounts/${clientId}/wallets`, { wallet });
    return [refused.statusCode, textOf(refused, 'code')];
  };
  expect(await refusal(two, WALLET)).toEqual([409, 'wallet_taken']);
  expect(await refusal(two, ZERO)).toEqual([422, 'wallet_reserved']);
  expect(await refusal(two, '0x12')).toEqual([400, 'malformed']);
  expect(await refusal('nobody', `0x${'12'.repeat(20)}`)).toEqual([404, 'account_unknown']);
  expect(linked).toEqual([]);
});

test('lists all accounts page by page', async () => {
  const ids = [];
  for (const name of ['a', 'b', 'c', 'd', 'e']) ids.push(await register(`${name}@b.example`));
  interface Page {
    readonly items: readonly { readonly client_id: string }[];
    readonly next_cursor: string | null;
  }
  const seen: string[] = [];
  let url = '/accounts?limit=2';
  for (;;) {
    const page = (await call('GET', url)).json() as Page;
    seen.push(...page.items.map((it) => it.client_id));
    if (page.next_cursor === null) break;
    url = `/accounts?limit=2&cursor=${page.next_cursor}`;
  }
  expect(seen.toSorted()).toEqual(ids.toSorted());
  // A page that is just full is the last one.
  expect((await call('GET', '/accounts?limit=5')).json()).toMatchObject({ next_cursor: null });
});

test.each(['limit=0', 'limit=1001', 'limit=ten', 'cursor=nonsense', 'cursor=WzEsMV0'])(
  'refuses a list with %s',
  async (query) => {
    expect((await call('GET', `/accounts?${query}`)).statusCode).toBe(400);
  },
);

test('says 404 for an account that nobody registered', async () => {
  expect((await call('GET', '/accounts/nobody')).statusCode).toBe(404);
});
