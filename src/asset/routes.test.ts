import type { Address } from 'viem';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { anyKind } from '../event-store/create-ledger.ts';
import { StoreClosed } from '../event-store/errors.ts';
import { createServer } from '../http/server.ts';
import { openTestLedger } from '../operation/test-ledger.ts';
import { systemClock, systemRandom, systemTimers } from '../ports/system.ts';
import { silentLog } from '../telemetry/log.ts';
import { ASSET_TABLE, assetKind, VAULT_TABLE } from './asset.ts';
import type { Assets } from './assets.ts';
import { createAssets } from './assets.ts';
import type { Holds } from './holds.ts';
import { createHolds } from './holds.ts';
import { HOLD_TABLE, underlyingKind } from './underlying-kind.ts';
import { custodyRoutes, tokenRoutes } from './alpaca-routes.ts';
import { assetRoutes } from './routes.ts';

const KEY = 'key-0123456789-0123456789-0123456789';
const vaultAt = (digit: number): Address => `0x${String(digit).repeat(40)}`;
const LETTERS: Address = `0x${'ab'.repeat(20)}`;

let assets: Assets;
let holds: Holds;
let changes = 0;
let cannotTell = false;
let call: (method: 'GET' | 'POST', url: string, payload?: object) => Promise<Answer>;

interface Answer {
  readonly statusCode: number;
  json(): unknown;
}

beforeEach(async () => {
  const { ledger, store, clock } = await openTestLedger(
    [anyKind(assetKind), anyKind(underlyingKind)],
    [ASSET_TABLE, VAULT_TABLE, HOLD_TABLE],
  );
  holds = createHolds({ ledger, store, clock, random: systemRandom });
  cannotTell = false;
  const present: Holds['present'] = async (symbol) => {
    if (cannotTell) throw new StoreClosed('it is closed');
    return holds.present(symbol);
  };
  const symbols = new Map([
    [vaultAt(1), 'tAAPL'],
    [vaultAt(2), 'tAAPL'],
    [vaultAt(3), 'tBRK'],
    [LETTERS, 'tAAPL'],
  ]);
  assets = createAssets({
    ledger,
    store,
    readVault: (network, vault) =>
      Promise.resolve({
        chainId: network.length,
        symbol: symbols.get(vault) ?? '',
        decimals: 18,
        receipt: vaultAt(9),
      }),
  });
  changes = 0;
  const server = createServer({
    log: silentLog,
    random: systemRandom,
    clock: systemClock,
    timers: systemTimers,
    trustedProxies: [],
    alpaca: { ranges: [], keys: [{ name: 'alpaca', key: KEY }] },
    internal: { ranges: [], keys: [{ name: 'ana', key: KEY }] },
    routes: {
      alpaca: [tokenRoutes(assets, new Set(['base', 'ethereum'])), custodyRoutes(assets, 'our-account')],
      internal: [assetRoutes(assets, { present }, () => void (changes += 1))],
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
      headers: { 'x-api-key': KEY },
      ...(payload === undefined ? {} : { payload }),
    });
});

const AAPL = { underlying: 'AAPL', token: 'tAAPL', network: 'base', vault: vaultAt(1) };
const BRK = { underlying: 'BRK/B', token: 'tBRK', network: 'base', vault: vaultAt(3) };

test('adds an asset with 201, knows it with 200, re-points it with 200, and tells the watcher each time', async () => {
  const added = await call('POST', '/tokenized-assets', AAPL);
  expect(added.statusCode).toBe(201);
  expect(added.json()).toEqual({ ...AAPL, state: 'enabled' });
  expect((await call('POST', '/tokenized-assets', AAPL)).statusCode).toBe(200);
  const moved = await call('POST', '/tokenized-assets', { ...AAPL, vault: vaultAt(2) });
  expect(moved.statusCode).toBe(200);
  expect(changes).toBe(3);
  expect((await call('GET', '/tokenized-assets/all')).json()).toEqual({
    items: [{ ...AAPL, vault: vaultAt(2), state: 'enabled', past_vaults: [vaultAt(1)] }],
    next_cursor: null,
  });
});

test('lists assets by filter and page by page, losing none', async () => {
  await call('POST', '/tokenized-assets', AAPL);
  await call('POST', '/tokenized-assets', { ...AAPL, network: 'ethereum' });
  await call('POST', '/tokenized-assets', BRK);
  await call('POST', '/tokenized-assets/AAPL/disable', { network: 'base', reason: 'audit' });
  interface Page {
    readonly items: readonly { readonly underlying: string; readonly network: string }[];
    readonly next_cursor: string | null;
  }
  const page = async (query: string) => (await call('GET', `/tokenized-assets/all?${query}`)).json() as Page;
  const names = ({ items }: Page) => items.map((it) => `${it.underlying} ${it.network}`);
  const seen: string[] = [];
  let cursor: string | null = '';
  for (let pages = 0; cursor !== null && pages < 10; pages += 1) {
    const found: Page = await page(`limit=1${cursor === '' ? '' : `&cursor=${cursor}`}`);
    seen.push(...names(found));
    cursor = found.next_cursor;
  }
  expect(seen).toEqual(['AAPL base', 'AAPL ethereum', 'BRK/B base']);
  expect(names(await page('network=ethereum'))).toEqual(['AAPL ethereum']);
  expect(names(await page('underlying=BRK%2FB'))).toEqual(['BRK/B base']);
  expect(names(await page('state=disabled'))).toEqual(['AAPL base']);
  expect(names(await page('state=enabled&limit=1'))).toEqual(['AAPL ethereum']);
  expect((await call('GET', '/tokenized-assets/all?cursor=WzEsMl0')).statusCode).toBe(400);
});

test('the custody account of every symbol that was ever tokenized is ours, and there is none for others', async () => {
  await call('POST', '/tokenized-assets', AAPL);
  await call('POST', '/tokenized-assets/AAPL/disable', { network: 'base', reason: 'audit' });
  const custody = (symbol: string) => call('GET', `/tokenization/custody-accounts/${symbol}`);
  expect((await custody('AAPL')).json()).toEqual({ account_id: 'our-account', underlying_symbol: 'AAPL' });
  for (const other of ['aapl', 'AAP', 'TSLA']) {
    const answer = await custody(other);
    expect([answer.statusCode, answer.json()]).toMatchObject([404, { code: 'asset_unknown' }]);
  }
});

test('takes an address in any case for the same vault', async () => {
  await call('POST', '/tokenized-assets', { ...AAPL, vault: LETTERS });
  const shouted = { ...AAPL, vault: `0x${'AB'.repeat(20)}` };
  expect((await call('POST', '/tokenized-assets', shouted)).statusCode).toBe(200);
});

test.each([
  ['no vault address', { ...AAPL, vault: 'here' }, 400, 'malformed'],
  ['a name with a space', { ...AAPL, underlying: 'AA PL' }, 400, 'malformed'],
  ['a member that is missing', { ...AAPL, token: undefined }, 400, 'malformed'],
  ['the vault of another token', { ...AAPL, vault: vaultAt(3) }, 422, 'symbol_mismatch'],
] as const)('refuses %s', async (_what, body, status, code) => {
  const refused = await call('POST', '/tokenized-assets', body);
  expect(refused.statusCode).toBe(status);
  expect(refused.json()).toMatchObject({ code });
  expect(changes).toBe(0);
});

test('finds one asset by its underlying, also when that has a slash, and says 404 for others', async () => {
  await call('POST', '/tokenized-assets', BRK);
  const found = await call('GET', '/tokenized-assets/BRK%2FB?network=base');
  expect(found.json()).toEqual({ ...BRK, state: 'enabled' });
  expect((await call('GET', '/tokenized-assets/BRK%2FB?network=ethereum')).statusCode).toBe(404);
  expect((await call('GET', '/tokenized-assets/BRK%2FB')).statusCode).toBe(400);
});

test('says the status of an underlying over all its networks', async () => {
  await call('POST', '/tokenized-assets', AAPL);
  await call('POST', '/tokenized-assets', { ...AAPL, network: 'ethereum' });
  const disable = (network: string) =>
    call('POST', '/tokenized-assets/AAPL/disable', { network, reason: 'audit' });
  await disable('base');
  const status = async () => (await call('GET', '/tokenized-assets/AAPL/status')).json();
  expect(await status()).toEqual({
    underlying: 'AAPL',
    status: 'enabled',
    networks: { base: 'disabled', ethereum: 'enabled' },
  });
  await disable('ethereum');
  expect(await status()).toMatchObject({ status: 'disabled' });
  expect((await call('GET', '/tokenized-assets/TSLA/status')).statusCode).toBe(404);
});

test('tells frozen from disabled everywhere, and frozen tokens stay supported', async () => {
  await call('POST', '/tokenized-assets', AAPL);
  await call('POST', '/tokenized-assets', { ...AAPL, network: 'ethereum' });
  await call('POST', '/tokenized-assets', BRK);
  await call('POST', '/tokenized-assets/AAPL/disable', { network: 'ethereum', reason: 'audit' });
  const hold = { owner: 'ops', reason: 'split', scope: 'new', fromMs: null, untilMs: null } as const;
  await holds.place('AAPL', hold, { actor: 'ana' });
  expect((await call('GET', '/tokenized-assets/AAPL/status')).json()).toEqual({
    underlying: 'AAPL',
    status: 'frozen',
    networks: { base: 'frozen', ethereum: 'disabled' },
  });
  expect((await call('GET', '/tokenized-assets/AAPL?network=base')).json()).toMatchObject({
    state: 'frozen',
  });
  expect((await call('GET', '/tokenized-assets/all')).json()).toMatchObject({
    items: [
      { underlying: 'AAPL', network: 'base', state: 'frozen' },
      { underlying: 'AAPL', network: 'ethereum', state: 'disabled' },
      { underlying: 'BRK/B', state: 'enabled' },
    ],
  });
  expect((await call('GET', '/tokenization/tokens')).json()).toMatchObject({
    tokens: [{ underlying: 'AAPL', networks: ['base'] }, { underlying: 'BRK/B' }],
  });
});

test.each(['?network=base', '/status'])(
  'an asset of which nobody can tell whether it is frozen is not called enabled: %s',
  async (path) => {
    await call('POST', '/tokenized-assets', AAPL);
    cannotTell = true;
    const answer = await call('GET', `/tokenized-assets/AAPL${path}`);
    expect(answer.statusCode).toBe(503);
    expect(JSON.stringify(answer.json())).not.toContain('enabled');
  },
);

test.each(['/tokenization/tokens', '/tokenized-assets'])('%s lists what is supported', async (url) => {
  await call('POST', '/tokenized-assets', BRK);
  await call('POST', '/tokenized-assets', { ...AAPL, network: 'ethereum' });
  await call('POST', '/tokenized-assets', AAPL);
  // Was configured once: a mint on it would be refused.
  await call('POST', '/tokenized-assets', { ...AAPL, network: 'arbitrum' });
  expect((await call('GET', url)).json()).toEqual({
    tokens: [
      { underlying: 'AAPL', token: 'tAAPL', networks: ['base', 'ethereum'] },
      { underlying: 'BRK/B', token: 'tBRK', networks: ['base'] },
    ],
  });
  await call('POST', '/tokenized-assets/AAPL/disable', { network: 'ethereum', reason: 'audit' });
  expect((await call('GET', url)).json()).toMatchObject({ tokens: [{ networks: ['base'] }, {}] });
});

test('who disables says why, and names an asset that is there', async () => {
  await call('POST', '/tokenized-assets', AAPL);
  expect((await call('POST', '/tokenized-assets/AAPL/disable', { network: 'base' })).statusCode).toBe(400);
  const unknown = await call('POST', '/tokenized-assets/TSLA/disable', { network: 'base', reason: 'audit' });
  expect(unknown.statusCode).toBe(404);
});
