import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { anyKind } from '../event-store/create-ledger.ts';
import type { EventStore } from '../event-store/event-store.ts';
import { change } from '../event-store/ledger.ts';
import { createServer } from '../http/server.ts';
import { openTestLedger } from '../operation/test-ledger.ts';
import { systemRandom, systemTimers } from '../ports/system.ts';
import { silentLog } from '../telemetry/log.ts';
import { ASSET_TABLE, assetId, assetKind, VAULT_TABLE } from './asset.ts';
import { holdRoutes } from './hold-routes.ts';
import type { Holds } from './holds.ts';
import { createHolds } from './holds.ts';
import { HOLD_TABLE, underlyingKind } from './underlying-kind.ts';

const KEY = 'key-0123456789-0123456789-0123456789';
const HOUR_MS = 3_600_000;
const vault = '0x0000000000000000000000000000000000000001';
const body = { owner: 'corporate actions', reason: 'split 4:1' };

let holds: Holds;
let store: EventStore;
let clock: { nowMs(): number; readonly advance: (ms: number) => void };
let call: (method: 'GET' | 'POST' | 'DELETE', url: string, payload?: object) => Promise<Answer>;

interface Answer {
  readonly statusCode: number;
  json(): { [name: string]: unknown; items: { [name: string]: unknown }[] };
}

beforeEach(async () => {
  const opened = await openTestLedger(
    [anyKind(assetKind), anyKind(underlyingKind)],
    [ASSET_TABLE, VAULT_TABLE, HOLD_TABLE],
  );
  const { ledger } = opened;
  ({ store, clock } = opened);
  for (const underlying of ['AAPL', 'BRK/B']) {
    const added = {
      type: 'AssetAdded',
      data: {
        underlying,
        network: 'base',
        token: `t${underlying}`,
        chainId: 8453,
        vault: underlying === 'AAPL' ? vault : '0x0000000000000000000000000000000000000002',
        receipt: vault,
      },
    } as const;
    const loaded = await ledger.load(assetKind, assetId(underlying, 'base'));
    await ledger.commit({ changes: [change(assetKind, loaded, [added])], metadata: { actor: 'test' } });
  }
  holds = createHolds({ ledger, store, clock, random: systemRandom });
  const server = createServer({
    log: silentLog,
    clock,
    random: systemRandom,
    timers: systemTimers,
    trustedProxies: [],
    alpaca: { ranges: [], keys: [{ name: 'alpaca', key: KEY }] },
    internal: { ranges: [], keys: [{ name: 'ana', key: KEY }] },
    routes: { alpaca: [], internal: [holdRoutes(holds)], keyless: [], open: [] },
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

const at = (offsetMs: number): string => new Date(clock.nowMs() + offsetMs).toISOString();
const place = async (more: object = {}): Promise<string> => {
  const answer = await call('POST', '/underlyings/AAPL/holds', { ...body, ...more });
  expect(answer.statusCode).toBe(201);
  return String(answer.json()['hold_id']);
};
const list = async (query = '') => (await call('GET', `/underlyings/AAPL/holds${query}`)).json();

describe('holds of an underlying', () => {
  test('are placed with 201 and listed with everything about them', async () => {
    const id = await place();
    expect(await list()).toEqual({
      underlying: 'AAPL',
      at: at(0),
      frozen: 'new',
      items: [
        {
          hold_id: id,
          ...body,
          scope: 'new',
          from: null,
          until: null,
          status: 'active',
          placed_at: at(0),
          placed_by: 'ana',
          lifted_at: null,
          lifted_by: null,
          lift_reason: null,
        },
      ],
    });
  });

  test('begin and end by the clock, forwards and backwards, without an event', async () => {
    await place({ from: at(HOUR_MS), until: at(2 * HOUR_MS), scope: 'all' });
    const seen: unknown[] = [];
    for (const step of [0, HOUR_MS, HOUR_MS, -HOUR_MS, -1, 1]) {
      clock.advance(step);
      const { frozen, items } = await list();
      seen.push([frozen, items[0]?.['status'], (await holds.present('AAPL')).scope]);
    }
    expect(seen).toEqual([
      ['none', 'future', 'none'],
      ['all', 'active', 'all'],
      ['none', 'past', 'none'],
      ['all', 'active', 'all'],
      ['none', 'future', 'none'],
      ['all', 'active', 'all'],
    ]);
    expect((await store.readStream('underlying/AAPL')).map((it) => it.type)).toEqual(['HoldPlaced']);
  });

  test('are lifted one by one, as often as one likes, and say who did it', async () => {
    const first = await place();
    await place({ owner: 'compliance', scope: 'all' });
    const url = `/underlyings/AAPL/holds/${first}`;
    expect((await call('DELETE', `${url}?reason=done`)).json()).toEqual({ success: true });
    expect((await call('DELETE', url)).json()).toEqual({ success: true });
    const { frozen, items } = await list();
    expect(frozen).toBe('all');
    expect(items.map((it) => it['owner'])).toEqual(['compliance']);
    expect((await list('?lifted=true')).items[0]).toMatchObject({
      hold_id: first,
      status: 'lifted',
      lifted_by: 'ana',
      lifted_at: at(0),
      lift_reason: 'done',
    });
    const log = await store.readStream('underlying/AAPL');
    expect(log.map(({ type, metadata }) => [type, metadata.actor, metadata.reason])).toEqual([
      ['HoldPlaced', 'ana', body.reason],
      ['HoldPlaced', 'ana', body.reason],
      ['HoldLifted', 'ana', 'done'],
    ]);
  });

  test('show as they were at a moment, and as they will be', async () => {
    const before = at(0);
    clock.advance(1_000);
    const id = await place({ from: at(HOUR_MS) });
    const placed = at(0);
    clock.advance(2 * HOUR_MS);
    await call('DELETE', `/underlyings/AAPL/holds/${id}`);
    const later = await place({ from: at(HOUR_MS) });
    expect(await list(`?at=${before}`)).toMatchObject({ frozen: 'none', items: [] });
    expect(await list(`?at=${placed}`)).toMatchObject({ items: [{ hold_id: id, status: 'future' }] });
    expect(await list(`?at=${at(-1_000)}`)).toMatchObject({ frozen: 'new', items: [{ status: 'active' }] });
    expect(await list(`?at=${at(HOUR_MS)}`)).toMatchObject({ frozen: 'new', items: [{ hold_id: later }] });
  });

  test('are of one underlying only, also when that has a slash', async () => {
    const id = await place();
    const wrong = await call('DELETE', `/underlyings/BRK%2FB/holds/${id}`);
    expect([wrong.statusCode, wrong.json()['code']]).toEqual([404, 'hold_unknown']);
    expect((await call('POST', '/underlyings/BRK%2FB/holds', { ...body, scope: 'all' })).statusCode).toBe(
      201,
    );
    expect(await holds.frozen()).toEqual(
      new Map([
        ['AAPL', 'new'],
        ['BRK/B', 'all'],
      ]),
    );
  });

  test.each([
    ['of an underlying that nobody tokenized', 'TSLA', {}, 404, 'asset_unknown'],
    ['without an owner', 'AAPL', { owner: undefined }, 400, 'malformed'],
    ['with an owner of blanks', 'AAPL', { owner: '  ' }, 400, 'malformed'],
    ['without a reason', 'AAPL', { reason: undefined }, 400, 'malformed'],
    ['with a misspelled end', 'AAPL', { untill: '2026-11-22T00:00:00Z' }, 400, 'malformed'],
    ['of another scope', 'AAPL', { scope: 'some' }, 400, 'malformed'],
    ['from a moment without a zone', 'AAPL', { from: '2026-11-20T00:00:00' }, 400, 'malformed'],
    ['from a year of five digits', 'AAPL', { from: '9999-12-31T23:59:59-12:00' }, 400, 'malformed'],
    ['from before there were years', 'AAPL', { from: '0000-01-01T00:00:00+14:00' }, 400, 'malformed'],
    ['that is over', 'AAPL', { until: '2020-01-01T00:00:00Z' }, 422, 'hold_window_invalid'],
    [
      'that ends before it begins',
      'AAPL',
      { from: '2030-01-02T00:00:00Z', until: '2030-01-01T00:00:00+01:00' },
      422,
      'hold_window_invalid',
    ],
  ])('%s are refused', async (_what, symbol, more, status, code) => {
    const refused = await call('POST', `/underlyings/${symbol}/holds`, { ...body, ...more });
    expect([refused.statusCode, refused.json()['code']]).toEqual([status, code]);
    expect(await holds.frozen()).toEqual(new Map());
  });

  test('of an underlying that nobody tokenized are not there', async () => {
    expect((await call('GET', '/underlyings/TSLA/holds')).statusCode).toBe(404);
    expect((await call('DELETE', '/underlyings/AAPL/holds/none')).statusCode).toBe(404);
  });
});

test('a hundred holds that are placed at once take a commit each', async () => {
  const commit = store.commit.bind(store);
  let commits = 0;
  store.commit = (it) => {
    commits += 1;
    return commit(it);
  };
  const ids = await Promise.all(Array.from({ length: 100 }, () => place()));
  expect(new Set(ids).size).toBe(100);
  expect(commits).toBe(100);
});
