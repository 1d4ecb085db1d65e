import { describe, expect, test } from 'vitest';
import { anyKind } from '../event-store/create-ledger.ts';
import { change } from '../event-store/ledger.ts';
import { ALPACA_KEY, createTestServer } from '../http/test-server.ts';
import { listStuck } from '../operation/list-stuck.ts';
import { OPERATION_TABLE } from '../operation/operation-row.ts';
import { openTestLedger } from '../operation/test-ledger.ts';
import { mintId } from '../primitives/uuid.ts';
import { createMint } from './create-mint.ts';
import type { MintOptions } from './create-mint.ts';
import { decideMint } from './decide.ts';
import { decideRequest } from './decide-request.ts';
import { mintKind } from './mint-kind.ts';
import { mintRoutes } from './routes.ts';
import { laneOf, terms } from './samples.ts';

/** What Alpaca sends to confirm a journal is stored whatever it is: a refusal is final, and shares may have moved. */

const account = { baseUrl: 'https://alpaca.test', accountId: 'our-account' };
const id = mintId(account, terms.tokenizationRequestId);
const body = { tokenization_request_id: 'tkr-1', issuer_request_id: id, status: 'completed' };
const URLS = ['/tokenization/mint/confirm', '/inkind/issuance/confirm'] as const;

async function open(isRequested = false) {
  const { ledger, store, work, clock } = await openTestLedger([anyKind(mintKind)]);
  const alarms: string[] = [];
  const log = { error: (_fields: object, text: string) => void alarms.push(text) };
  // The feature as it is composed: what no parser took must reach the store through all of it.
  const options = { ledger, store, clock, log, alpacaAccount: account, laneOf };
  const mint = createMint(options as unknown as MintOptions);
  const load = async (of: string) => ledger.load(mintKind, of);
  const commit = async (of: string, events: Parameters<typeof mintKind.evolve>[1][]) =>
    ledger.commit({ changes: [change(mintKind, await load(of), events)], metadata: { actor: 'test' } });
  if (isRequested) {
    const lane = laneOf(terms.chainId);
    const request = { mintId: id, terms, source: 'request', lane, splits: null } as const;
    await commit(id, [...decideRequest(request, { kind: 'none' })]);
  }
  const { server } = createTestServer({ routes: mintRoutes(mint) });
  const send = async (payload: string | Buffer, contentType?: string, url: string = URLS[0]) => {
    const headers = {
      'x-api-key': ALPACA_KEY,
      ...(contentType === undefined ? {} : { 'content-type': contentType }),
    };
    const answer = await server.inject({ method: 'POST', url, headers, payload });
    const { code = 'ok' } = answer.json<{ code?: string }>();
    return `${String(answer.statusCode)} ${code}`;
  };
  const json = (change_: object, url?: string) =>
    send(JSON.stringify({ ...body, ...change_ }), 'application/json', url);
  /** Everything that is shown to operators. */
  const shown = () => store.find({ table: OPERATION_TABLE.name, limit: 10 });
  const close = async (of: string) => {
    const { state } = await load(of);
    await commit(of, [...decideMint({ type: 'close', why: 'judged', isLive: false }, state)]);
  };
  const stuck = async () => {
    const wanted = { where: {}, ids: null, limit: 10, after: null };
    return (await listStuck(store, clock.nowMs(), wanted)).rows.map((row) => row['id']);
  };
  return { ledger, store, work, alarms, load, send, json, shown, close, stuck };
}

describe('a confirm that is not understood', () => {
  test.each(URLS)(
    'of a mint that waits for it is stored, answered 503, and needs a person at once: %s',
    async (url) => {
      const { json, load, stuck, shown, alarms, store } = await open(true);
      expect(await stuck()).toEqual([]);
      expect(await json({ status: 'settled' }, url)).toBe('503 unclear_confirm');
      expect(await stuck()).toEqual([id]);
      expect(await shown()).toMatchObject([
        {
          id,
          state: 'requested',
          reason: 'Alpaca’s confirm is not understood: status is neither completed nor rejected',
        },
      ]);
      const last = (await store.readStream(`mint/${id}`)).at(-1);
      expect(last).toMatchObject({ type: 'ConfirmNotUnderstood', metadata: { actor: 'alpaca' } });
      expect(JSON.parse(last?.data['body'] as string)).toEqual({ ...body, status: 'settled' });
      expect(await json({ status: 'settled' }, url)).toBe('503 unclear_confirm');
      expect((await load(id)).version).toBe(2);
      expect(alarms).toHaveLength(1);
      // One that is understood goes on as ever.
      expect(await json({}, url)).toBe('200 ok');
      expect((await load(id)).state).toMatchObject({ kind: 'journaled', mint: { unclear: [{}] } });
      expect(await json({ status: 'reversed' }, url)).toBe('503 unclear_confirm');
      expect(alarms).toHaveLength(2);
    },
  );

  test('of a mint that we do not know lets it be looked up at Alpaca', async () => {
    const { json, load, work, stuck } = await open();
    expect(await json({ status: 'settled' })).toBe('503 unclear_confirm');
    expect((await load(id)).state).toMatchObject({ kind: 'unrequested', confirms: [], unclear: [{}] });
    expect(await work(id)).toMatchObject({ phase: 'unrequested', dependency: 'alpaca' });
    expect(await stuck()).toEqual([id]);
    const lane = laneOf(terms.chainId);
    const request = { mintId: id, terms, source: 'lookup', lane, splits: null } as const;
    // What Alpaca meant is not guessed: the mint waits for its journal.
    expect(decideRequest(request, (await load(id)).state)).toMatchObject([{ type: 'MintRequested' }]);
  });

  test.each([
    ['without our id', { issuer_request_id: undefined }],
    ['with a number for a status', { status: 7 }],
  ])('%s is placed by Alpaca’s id all the same', async (_name, without) => {
    const { json, load } = await open(true);
    expect(await json(without)).toBe('503 unclear_confirm');
    expect((await load(id)).state).toMatchObject({ kind: 'requested', mint: { unclear: [{}] } });
  });

  test.each([
    ['no JSON', '{"status":', 'application/json'],
    ['of another media type', 'status=completed', 'application/x-www-form-urlencoded'],
    ['of no media type', 'completed', undefined],
    ['of an empty media type', 'completed', ''],
    ['of what is no media type', 'completed', 'json'],
    ['of two media types', 'completed', 'application/json, application/json'],
    ['empty', '', 'application/json'],
    ['no object', '[]', 'application/json'],
    ['without an id', '{"status":"completed"}', 'application/json'],
    ['no text at all', Buffer.from([0xff, 0xfe, 0x7b]), 'application/json'],
    ['with a member that is refused elsewhere', '{"__proto__":{}}', 'application/json'],
  ] as const)('which is %s, is kept for a person, once', async (_name, payload, contentType) => {
    const { send, shown, stuck, load, work, close, alarms } = await open();
    expect(await send(payload, contentType)).toBe('503 unclear_confirm');
    expect(await send(payload, contentType)).toBe('503 unclear_confirm');
    const [row, ...others] = await shown();
    expect(others).toEqual([]);
    expect(row).toMatchObject({ kind: 'mint', state: 'unrequested', waiting_for: 'operator' });
    expect(await stuck()).toEqual([row?.['id']]);
    expect(alarms).toHaveLength(1);
    const kept = row?.['id'] as string;
    await close(kept);
    expect(await work(kept)).toBeNull();
    // A person has judged it: Alpaca need not send it for ever.
    expect(await send(payload, contentType)).toBe('200 ok');
    expect((await load(kept)).state).toMatchObject({ kind: 'dismissed' });
  });

  test('is cut off where it is too long to be one', async () => {
    const { send, shown, load } = await open();
    expect(await send('x'.repeat(100_000), 'text/plain')).toBe('503 unclear_confirm');
    const [row] = await shown();
    const { state } = await load(row?.['id'] as string);
    expect(state).toMatchObject({ unclear: [{ body: 'x'.repeat(4_096) }] });
  });

  test('needs credentials like any other', async () => {
    const { shown } = await open();
    const { server } = createTestServer({ routes: mintRoutes({} as Parameters<typeof mintRoutes>[0]) });
    const answer = await server.inject({ method: 'POST', url: URLS[0], payload: 'x' });
    expect(answer.statusCode).toBe(401);
    expect(await shown()).toEqual([]);
  });
});
