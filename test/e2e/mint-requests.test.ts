import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { mintId } from '../../src/primitives/uuid.ts';
import { deliveries } from '../../src/sandbox/alpaca/quirks.ts';
import type { SentCall, TokenizationRequest } from '../../src/sandbox/alpaca/model.ts';
import { expectInvariants } from './invariants.ts';
import type { World } from './world.ts';
import { startWorld, within } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
beforeEach(() => {
  world.partners.alpaca.script.clear();
});
afterAll(async () => {
  await world.stop();
});

/** Alarms that a person must see, and that these tests provoke. */
const errors = ['contradicts the mint', 'its confirm was stored'];

/** Sends a body as Alpaca would; gives the status and the answer. */
async function post(
  path: string,
  body: unknown,
): Promise<{ status: number; answer: Record<string, unknown> }> {
  const response = await fetch(`${world.issuer().url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': world.partners.keys.alpaca },
    body: JSON.stringify(body),
  });
  return { status: response.status, answer: (await response.json()) as Record<string, unknown> };
}

function statusOf({ outcome }: SentCall): number | null {
  return outcome.kind === 'answered' ? outcome.status : null;
}

function sentAbout(endpoint: 'mint' | 'confirm', id: string): readonly SentCall[] {
  return world.partners.alpaca
    .sent(endpoint)
    .filter((it) => (it.body as { tokenization_request_id?: string }).tokenization_request_id === id);
}

async function statesOf(id: string): Promise<readonly string[]> {
  return (await world.operations(`tokenization_request_id=${id}`)).map((it) => it.state);
}

describe('a mint request', () => {
  test('that comes twenty times at once, and once more in the end, is one mint with one answer', async () => {
    const { alpaca } = world.partners;
    alpaca.script.add({ endpoint: 'mint', do: { send: (body) => Array(20).fill(body), together: true } });
    const { id, issuerRequestId } = await world.mint('3');
    const [first] = sentAbout('mint', id);
    const answered = { status: 200, body: { issuer_request_id: issuerRequestId, status: 'created' } };
    expect(sentAbout('mint', id)).toHaveLength(20);
    for (const { outcome } of sentAbout('mint', id)) expect(outcome).toMatchObject(answered);
    expect(await post('/tokenization/mint', first?.body)).toEqual({
      status: 200,
      answer: { issuer_request_id: issuerRequestId, status: 'created' },
    });
    await expectInvariants(world, { errors });
    expect(await statesOf(id)).toEqual(['completed']);
  });

  test('that repeats an id with another quantity is refused, whatever became of the first', async () => {
    const { id } = await world.mint('3');
    const [first] = sentAbout('mint', id);
    const changed = { ...(first?.body as object), qty: '4' };
    const refused = await post('/inkind/issuance', changed);
    expect(refused).toMatchObject({ status: 409, answer: { code: 'mint_conflict' } });
    expect(await post('/inkind/issuance', { ...changed, qty: '3.000' })).toMatchObject({ status: 200 });
    await expectInvariants(world, { errors });
  });

  test('whose journal is rejected mints nothing, and stays so when a confirm says otherwise', async () => {
    const { alpaca } = world.partners;
    alpaca.script.add({ endpoint: 'mint_journal', do: { outcome: { reject: 'shares are pledged' } } });
    const { id } = await world.orderMint('5');
    await within(
      alpaca.waitFor(() => sentAbout('confirm', id).length > 0),
      'the rejection to be confirmed',
    );
    const rejected = await world.operation(`tokenization_request_id=${id}`, (it) => it.state === 'rejected');
    expect(rejected['reason']).toBe('shares are pledged');
    expect(statusOf(await alpaca.ap.confirm(id))).toBe(200);
    expect(statusOf(await alpaca.ap.confirm(id, { status: 'completed' }))).toBe(409);
    expect(await statesOf(id)).toEqual(['rejected']);
    await expectInvariants(world, { errors });
  });
});

describe('a confirm', () => {
  test('that comes twice at once and again afterwards mints once', async () => {
    const { alpaca } = world.partners;
    alpaca.script.add({ endpoint: 'confirm', do: deliveries.duplicateTogether });
    const { id } = await world.mint('2');
    expect(statusOf(await alpaca.ap.confirm(id))).toBe(200);
    const again = await Promise.all(Array.from({ length: 10 }, () => alpaca.ap.confirm(id)));
    expect(again.map(statusOf)).toEqual(Array(10).fill(200));
    await expectInvariants(world, { errors });
  });

  test('that contradicts a finished mint is refused and told of, and changes nothing', async () => {
    const { alpaca } = world.partners;
    const { id, issuerRequestId } = await world.mint('2');
    expect(statusOf(await alpaca.ap.confirm(id, { status: 'rejected' }))).toBe(409);
    const stranger = { issuer_request_id: '00000000-0000-4000-8000-000000000001' };
    expect(statusOf(await alpaca.ap.confirm(id, stranger))).toBe(409);
    await within(world.issuer().waitForLine(`contradicts the mint ${String(issuerRequestId)}`), 'an alarm');
    await expectInvariants(world, { errors });
    expect(await statesOf(id)).toEqual(['completed']);
  });

  test('of a mint that we never heard of is stored, answered 503, and filled in from Alpaca', async () => {
    const { alpaca } = world.partners;
    const { id } = await orderElsewhere('7');
    expect(await statesOf(id)).toEqual([]);
    alpaca.ap.release(id);
    await within(alpaca.mintCompleted(id), 'the mint to complete without its request');
    const confirms = await within(
      alpaca.waitFor(() => {
        const answered = sentAbout('confirm', id).map(statusOf);
        return answered.at(-1) === 200 && answered;
      }),
      'the confirm to be taken',
    );
    expect(confirms[0]).toBe(503);
    await expectInvariants(world, { errors });
    expect(await statesOf(id)).toEqual(['completed']);
  });

  test('beside one of a request that exists nowhere goes through', async () => {
    world.partners.alpaca.script.add({
      endpoint: 'confirm',
      do: {
        send: (body) => [{ ...body, tokenization_request_id: '00000000-0000-4000-8000-00000000dead' }, body],
        together: true,
      },
    });
    await world.mint('1');
    const stray = await world.operation(
      'kind=mint&tokenization_request_id=00000000-0000-4000-8000-00000000dead',
      (it) => it.last_error !== null,
    );
    expect(stray.last_error).toMatchObject({ code: 'mint_lookup_not_found', status: 404 });
    await expectInvariants(world, { errors, open: [stray.id] });
  });
});

/** Orders a mint whose request somebody else answers in our name, as if our own record of it were lost. */
async function orderElsewhere(qty: string): Promise<TokenizationRequest> {
  const { alpaca, keys } = world.partners;
  const account = { baseUrl: alpaca.url, accountId: String(world.env['ALPACA_ACCOUNT_ID']) };
  const stand = createServer((request, response) => void answerInOurName(request, response, account));
  await new Promise<void>((resolve) => stand.listen(0, '127.0.0.1', resolve));
  const { port } = stand.address() as AddressInfo;
  alpaca.setIssuer({ url: `http://127.0.0.1:${String(port)}`, apiKey: keys.alpaca });
  alpaca.script.add({ endpoint: 'mint_journal', do: { outcome: 'hold' } });
  try {
    return await world.orderMint(qty);
  } finally {
    alpaca.setIssuer({ url: world.issuer().url, apiKey: keys.alpaca });
    stand.closeAllConnections();
    await new Promise((resolve) => stand.close(resolve));
  }
}

async function answerInOurName(
  request: IncomingMessage,
  response: ServerResponse,
  account: { readonly baseUrl: string; readonly accountId: string },
): Promise<void> {
  const chunks = (await request.toArray()) as Buffer[];
  const { tokenization_request_id: id } = JSON.parse(Buffer.concat(chunks).toString()) as {
    tokenization_request_id: string;
  };
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ issuer_request_id: mintId(account, id), status: 'created' }));
}
