import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { OperationOnWire, World } from './world.ts';
import { eventually, startWorld } from './world.ts';
import { expectInvariants } from './invariants.ts';
import { reaches } from './outsider.ts';

interface Page {
  readonly items: readonly OperationOnWire[];
  readonly next_cursor: string | null;
}

interface EventOnWire {
  readonly position: number;
  readonly type: string;
  readonly time: string;
}

const NOWHERE = '00000000-0000-4000-8000-000000000000';

describe('what operators ask over HTTP', () => {
  let world: World;
  let redemption: OperationOnWire;
  beforeAll(async () => {
    world = await startWorld();
    for (const qty of ['1', '2', '3']) await world.mint(qty);
    const { id } = await world.operation(`kind=redemption&tx_hash=${await world.sendBack('2')}`);
    redemption = await reaches(world, id, 'completed');
  });
  afterAll(async () => {
    await world.stop();
  });

  const get = async <T>(path: string): Promise<T> => (await world.api.call('GET', path)) as T;
  const raw = async (
    path: string,
    headers: Readonly<Record<string, string>> = {},
    init: RequestInit = {},
  ) => {
    const response = await fetch(`${world.issuer().url}${path}`, { ...init, headers });
    return {
      status: response.status,
      type: response.headers.get('content-type') ?? '',
      body: await response.json(),
    };
  };
  const admin = () => ({ 'x-api-key': world.partners.keys.admin });

  test('health, readiness and lanes', async () => {
    expect(await raw('/health')).toMatchObject({ status: 200, body: { status: 'ok' } });
    const ready = await raw('/ready');
    const ok = { chain: 'ok', scan: 'ok', lane: 'ok', signer: 'ok' };
    expect(ready).toMatchObject({
      status: 200,
      body: { status: 'ready', store: 'ok', alpaca: 'ok', networks: { base: ok } },
    });
    await world.network().chain.mine(3);
    const lane = await eventually(async () => {
      const { items } = await get<{ items: { mined: number; pending: number }[] }>('/lanes');
      return items.find((it) => it.mined + it.pending === 0) ?? null;
    }, 'the lane to be at rest');
    expect(lane).toMatchObject({
      network: 'base',
      state: 'open',
      why: null,
      next_nonce: 4,
      stopped_vaults: {},
    });
  });

  test('operations by every filter, and page by page', async () => {
    const count = async (query: string) => (await get<Page>(`/operations?${query}`)).items.length;
    const [mint] = await world.operations('kind=mint');
    expect(await count('')).toBe(4);
    expect(await count('kind=mint')).toBe(3);
    expect(await count('kind=redemption&state=completed')).toBe(1);
    expect(await count('state=journaled')).toBe(0);
    expect(await count('underlying=AAPL&network=base')).toBe(4);
    expect(await count('network=ethereum')).toBe(0);
    expect(await count(`client_id=${world.clientId}`)).toBe(4);
    expect(await count(`tx_hash=${mint?.tx_hash?.toUpperCase().replace('0X', '0x') ?? ''}`)).toBe(1);
    expect(await count(`tokenization_request_id=${mint?.tokenization_request_id ?? ''}`)).toBe(1);
    expect(await count('stuck=true')).toBe(0);

    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const after: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
      const page: Page = await get<Page>(`/operations?limit=3${after}`);
      seen.push(...page.items.map((it) => it.id));
      cursor = page.next_cursor;
    } while (cursor !== null);
    expect(seen).toEqual((await world.operations()).map((it) => it.id));
    expect(new Set(seen).size).toBe(4);
  });

  test('one operation as it was, by position and by time', async () => {
    const { id } = redemption;
    const events = await get<readonly EventOnWire[]>(`/operations/${id}/events`);
    // A block's time is in whole seconds: where the wallet was linked in the same one, its owner is bound later.
    const steps = events.filter((it) => it.type !== 'OwnerBound');
    expect(steps.map((it) => it.type)).toEqual([
      'TransferDetected',
      'RedeemPromised',
      'RedemptionRequested',
      'RedemptionJournaled',
      'BurnSigned',
      'BurnSettled',
    ]);
    const states = await Promise.all(
      steps.map(
        async (it) => (await get<OperationOnWire>(`/operations/${id}?position=${String(it.position)}`)).state,
      ),
    );
    expect(states).toEqual(['detected', 'detected', 'requested', 'journaled', 'burning', 'completed']);
    const last = events.at(-1)?.time ?? '';
    expect(await get(`/operations/${id}?at=${encodeURIComponent(last)}`)).toMatchObject({
      state: 'completed',
    });
    const before = new Date(Date.parse(events[0]?.time ?? '') - 1).toISOString();
    expect(await raw(`/operations/${id}?at=${before}`, admin())).toMatchObject({
      status: 404,
      body: { code: 'operation_unknown' },
    });
  });

  test.for([
    ['no key', '/operations', 401, 'unauthenticated', () => ({})],
    ['a wrong key', '/lanes', 401, 'unauthenticated', () => ({ 'x-api-key': 'k'.repeat(40) })],
    [
      'the key of Alpaca',
      '/inventory',
      401,
      'unauthenticated',
      () => ({ 'x-api-key': world.partners.keys.alpaca }),
    ],
    ['the operator’s key on a route of Alpaca', '/tokenization/tokens', 401, 'unauthenticated', admin],
    [
      'a proxy that is not trusted',
      '/lanes',
      403,
      'address_forbidden',
      () => ({ ...admin(), 'x-forwarded-for': '10.0.0.1' }),
    ],
    ['no such route', '/nowhere', 404, 'not_found', admin],
    ['no such operation', `/operations/${NOWHERE}`, 404, 'operation_unknown', admin],
    ['no such events', `/operations/${NOWHERE}/events`, 404, 'operation_unknown', admin],
    ['a cursor of nobody', '/operations?cursor=abc', 400, 'malformed', admin],
    ['too large a page', '/operations?limit=1001', 400, 'malformed', admin],
    ['a time that is none', `/operations/${NOWHERE}?at=yesterday`, 400, 'malformed', admin],
  ] as const)('%s is a problem with a code', async ([, path, status, code, headers]) => {
    const answer = await raw(path, headers());
    expect(answer.type).toMatch(/^application\/problem\+json/);
    expect(answer).toMatchObject({ status, body: { status, code, type: `urn:issuance:problem:${code}` } });
    expect(Object.keys(answer.body as object).sort()).toEqual([
      'code',
      'detail',
      'error',
      'status',
      'title',
      'type',
    ]);
  });

  test('resuming what is not stopped says so, and what does not exist is not found', async () => {
    const post = (path: string, body: unknown) =>
      raw(
        path,
        { ...admin(), 'content-type': 'application/json' },
        { method: 'POST', body: JSON.stringify(body) },
      );
    expect(await post('/networks/base/resume', { reason: 'to see' })).toMatchObject({
      status: 200,
      body: { network: 'base', scan_resumed: false, lane_resumed: false },
    });
    expect(await post('/networks/solana/resume', { reason: 'to see' })).toMatchObject({ status: 404 });
    // A reason is kept, and need not be given; a misspelled one is not taken for none.
    expect(await raw('/networks/base/resume', admin(), { method: 'POST' })).toMatchObject({ status: 200 });
    expect(await post('/networks/base/resume', { reasn: 'to see' })).toMatchObject({
      status: 400,
      body: { code: 'malformed' },
    });
    expect(await post('/inventory/reconcile', { network: 'base' })).toMatchObject({
      status: 200,
      body: { differences: [] },
    });
    expect(await post('/inventory/reconcile', { network: 'solana' })).toMatchObject({
      status: 422,
      body: { code: 'network_unknown', detail: expect.stringContaining('solana') as string },
    });
    await expectInvariants(world);
  });
});
