import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { parseQuantity } from '../../src/primitives/quantity.ts';
import type { TokenizationRequest } from '../../src/sandbox/alpaca/model.ts';
import { kill, nonces } from './crash.ts';
import { expectInvariants } from './invariants.ts';
import { withReader } from './with-reader.ts';
import type { OperationOnWire, World } from './world.ts';
import { eventually, startWorld, within } from './world.ts';

const REFUSED = 'Invalid Token: Token not available on the network';
/** Long enough to see it closed, short enough to wait for its end. */
const WINDOW_MS = 4_000;

let world: World;
beforeAll(async () => {
  world = await startWorld({
    networks: [
      {
        network: 'base',
        vaults: [
          { underlying: 'AAPL', token: 'tAAPL' },
          { underlying: 'TSLA', token: 'tTSLA' },
        ],
      },
    ],
    env: { CHAIN_BASE_BATCH_COUNT: '2' },
  });
  await world.mint('100');
});
beforeEach(() => {
  world.partners.alpaca.script.clear();
});
afterEach(async () => {
  await expectInvariants(world);
});
afterAll(async () => {
  await world.stop();
});

interface HoldsOnWire {
  readonly frozen: string;
  readonly items: readonly { readonly hold_id: string; readonly owner: string; readonly status: string }[];
}

async function freeze(more: object = {}): Promise<string> {
  const body = { owner: 'corporate actions', reason: 'split 4:1', ...more };
  const { hold_id: id } = (await world.api.call('POST', '/underlyings/AAPL/holds', body)) as {
    hold_id: string;
  };
  return id;
}

async function lift(holdId: string): Promise<void> {
  await world.api.call('DELETE', `/underlyings/AAPL/holds/${holdId}?reason=over`);
}

const holdList = async (query = ''): Promise<HoldsOnWire> =>
  (await world.api.call('GET', `/underlyings/AAPL/holds${query}`)) as HoldsOnWire;
const status = async (): Promise<unknown> => world.api.call('GET', '/tokenized-assets/AAPL/status');
const byTransfer = (hash: string): string => `kind=redemption&tx_hash=${hash}`;
const isFrozenInLane = ({ state, last_error: error }: OperationOnWire): boolean =>
  state === 'journaled' && (error as { code?: string } | null)?.code === 'frozen';

/** Orders a mint whose journal is held back; the second function lets it happen. */
async function orderUnjournaled(qty: string, token = 'tAAPL'): Promise<TokenizationRequest> {
  const remove = world.partners.alpaca.script.add({ endpoint: 'mint_journal', do: { outcome: 'hold' } });
  const request = await world.orderMint(qty, { token });
  remove();
  return request;
}

const journal = (request: TokenizationRequest): void => {
  world.partners.alpaca.ap.release(request.id);
};
const stoppedMint = (request: TokenizationRequest): Promise<OperationOnWire> =>
  world.operation(`tokenization_request_id=${request.id}`, isFrozenInLane);
const completed = (request: TokenizationRequest) =>
  within(world.partners.alpaca.mintCompleted(request.id), `mint ${request.id} to complete`);
const redeemed = (hash: string): Promise<OperationOnWire> =>
  world.operation(byTransfer(hash), (it) => it.state === 'completed');

/** The body that Alpaca sent for a request, sent once more. */
async function repeatRequest({ id }: TokenizationRequest): Promise<{ status: number; answer: unknown }> {
  const sent = world.partners.alpaca
    .sent('mint')
    .find((it) => (it.body as { tokenization_request_id?: string }).tokenization_request_id === id);
  const response = await fetch(`${world.issuer().url}/tokenization/mint`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': world.partners.keys.alpaca },
    body: JSON.stringify(sent?.body),
  });
  return { status: response.status, answer: await response.json() };
}

describe('a hold on new operations', () => {
  test('refuses mints in the words that Alpaca knows, and no other underlying’s', async () => {
    const known = await world.mint('1');
    const hold = await freeze();
    const refused = await world.orderMint('1');
    expect(refused).toMatchObject({ status: 'rejected', reason: expect.stringContaining(REFUSED) as string });
    expect(refused.reason).toContain('AAPL is frozen');
    expect(await world.operations(`tokenization_request_id=${refused.id}`)).toEqual([]);
    expect(await status()).toEqual({ underlying: 'AAPL', status: 'frozen', networks: { base: 'frozen' } });
    expect(await repeatRequest(known)).toEqual({
      status: 200,
      answer: { issuer_request_id: known.issuerRequestId, status: 'created' },
    });
    await world.mint('1', { token: 'tTSLA' });
    await lift(hold);
    expect(await status()).toMatchObject({ status: 'enabled' });
    await world.mint('1');
  });

  test('lets what is journaled finish, and what was redeemed before', async () => {
    const request = await orderUnjournaled('1');
    const hold = await freeze();
    journal(request);
    expect(await completed(request)).toMatchObject({ status: 'completed' });
    await lift(hold);
  });

  test('lets redemptions wait until it is lifted', async () => {
    const hold = await freeze();
    const hash = await world.sendBack('1');
    const waits = await world.operation(byTransfer(hash), (it) => it.waiting_for === 'frozen');
    expect(waits).toMatchObject({ state: 'detected', tokenization_request_id: null });
    await lift(hold);
    await redeemed(hash);
  });

  test('lets redemptions wait until its window ends, though nobody does anything then', async () => {
    const until = new Date(performance.timeOrigin + performance.now() + WINDOW_MS).toISOString();
    const hold = await freeze({ until });
    const hash = await world.sendBack('1');
    await world.operation(byTransfer(hash), (it) => it.waiting_for === 'frozen');
    await redeemed(hash);
    expect((await holdList()).items).toMatchObject([{ hold_id: hold, status: 'past' }]);
    await lift(hold);
  });

  test('stands beside others: the end of one is not the end of all', async () => {
    const first = await freeze();
    const second = await freeze({ owner: 'compliance' });
    const placed = new Date(performance.timeOrigin + performance.now()).toISOString();
    await lift(first);
    await lift(first);
    expect(await holdList()).toMatchObject({
      frozen: 'new',
      items: [{ hold_id: second, owner: 'compliance', status: 'active' }],
    });
    expect((await world.orderMint('1')).status).toBe('rejected');
    await lift(second);
    expect(await holdList()).toMatchObject({ frozen: 'none', items: [] });
    expect((await holdList(`?at=${placed}`)).items.map((it) => it.hold_id)).toEqual([first, second]);
    await world.mint('1');
  });
});

describe('a hold on everything', () => {
  test('stops a journaled mint before it is signed, and lets it finish afterwards', async () => {
    const request = await orderUnjournaled('2');
    const hold = await freeze({ scope: 'all' });
    const before = await nonces(world);
    journal(request);
    const stopped = await stoppedMint(request);
    expect(stopped).toMatchObject({ waiting_for: 'lane', attempts: 0, tx_hash: null });
    expect((stopped.last_error as { message: string }).message).toContain(
      `hold ${hold} of corporate actions`,
    );
    await world.mint('1', { token: 'tTSLA' });
    expect(await nonces(world)).toEqual({ mined: before.mined + 1, waiting: 0 });
    await lift(hold);
    await completed(request);
  });

  test('stops a burn whose shares were journaled, until it is lifted', async () => {
    world.partners.alpaca.script.add({ endpoint: 'redeem_journal', do: { outcome: 'hold' } });
    const hash = await world.sendBack('1');
    const { id } = await world.operation(byTransfer(hash), (it) => it.state === 'requested');
    const hold = await freeze({ scope: 'all' });
    const request = world.partners.alpaca.state.requests.find((it) => it.issuerRequestId === id);
    world.partners.alpaca.ap.release(String(request?.id));
    await world.operation(byTransfer(hash), isFrozenInLane);
    await lift(hold);
    expect(await redeemed(hash)).toMatchObject({ id, burned: '1' });
  });

  test('that is lifted lets its backlog go on in order, with others in between', async () => {
    const orders: TokenizationRequest[] = [];
    for (let at = 1; at <= 12; at += 1) orders.push(await orderUnjournaled(String(at)));
    const hold = await freeze({ scope: 'all' });
    const transfers = [await world.sendBack('0.1'), await world.sendBack('0.2'), await world.sendBack('0.3')];
    // One after the other, so that which of them is older is certain.
    for (const request of orders) {
      journal(request);
      await stoppedMint(request);
    }
    for (const hash of transfers) {
      await world.operation(byTransfer(hash), (it) => it.waiting_for === 'frozen');
    }
    await lift(hold);
    const other = world.mint('1', { token: 'tTSLA' });
    await Promise.all([other, ...orders.map(completed), ...transfers.map(redeemed)]);
    const places = await withReader(world, async (store) => {
      const ids = orders.map((it) => String(it.issuerRequestId));
      const streams = await store.readStreams(ids.map((id) => `mint/${id}`));
      return ids.map((id) => {
        const signed = streams.get(`mint/${id}`)?.find((it) => it.type === 'MintSubmitted');
        if (signed === undefined) throw new Error(`mint ${id} was never signed`);
        return Number((signed.data['transactionId'] as string).split('/').at(-1));
      });
    });
    expect(places).toEqual(places.toSorted((a, b) => a - b));
  });
});

describe('a disabled asset', () => {
  const turn = (action: 'disable' | 'enable') =>
    world.api.call('POST', `/tokenized-assets/AAPL/${action}`, { network: 'base', reason: 'vault audit' });
  const tokens = async (): Promise<readonly string[]> => {
    const response = await fetch(`${world.issuer().url}/tokenization/tokens`, {
      headers: { 'x-api-key': world.partners.keys.alpaca },
    });
    return ((await response.json()) as { tokens: { token: string }[] }).tokens.map((it) => it.token);
  };

  test('takes no new mints and leaves Alpaca’s list; what was accepted before finishes', async () => {
    const request = await orderUnjournaled('1');
    const hash = await world.sendBack('1');
    await turn('disable');
    expect(await turn('disable')).toMatchObject({ state: 'disabled' });
    expect(await tokens()).toEqual(['tTSLA']);
    const refused = await world.orderMint('1');
    expect(refused.reason).toContain(REFUSED);
    expect(refused.reason).toContain('tAAPL on base is disabled');
    expect(await repeatRequest(request)).toMatchObject({ status: 200 });
    const hold = await freeze();
    expect(await status()).toMatchObject({ status: 'disabled', networks: { base: 'disabled' } });
    await lift(hold);
    journal(request);
    await Promise.all([completed(request), redeemed(hash)]);
    expect(await turn('enable')).toMatchObject({ state: 'enabled' });
    expect(await tokens()).toEqual(['tAAPL', 'tTSLA']);
    await world.mint('1');
    const log = await withReader(world, (store) => store.readStream('asset/base/AAPL'));
    expect(log.slice(1).map(({ type, metadata }) => [type, metadata.reason])).toEqual([
      ['AssetDisabled', 'vault audit'],
      ['AssetEnabled', 'vault audit'],
    ]);
  });
});

describe('a service that is killed', () => {
  test('in a freeze loses nothing, stays frozen, and goes on when the freeze is lifted', async () => {
    const request = await orderUnjournaled('3');
    const hold = await freeze({ scope: 'all' });
    journal(request);
    await stoppedMint(request);
    await kill(world);
    const hash = await world.sendBack('1');
    const before = await world.totalSupply();
    await world.restart();
    await world.operation(byTransfer(hash), (it) => it.waiting_for === 'frozen');
    expect((await world.orderMint('1')).status).toBe('rejected');
    expect(await world.totalSupply()).toBe(before);
    await lift(hold);
    await Promise.all([completed(request), redeemed(hash)]);
    expect(await world.totalSupply()).toBe(before + parseQuantity('2'));
  });

  test('and down while the window ended lets what waited go on when it starts again', async () => {
    const request = await orderUnjournaled('1');
    const until = new Date(performance.timeOrigin + performance.now() + WINDOW_MS).toISOString();
    const hold = await freeze({ scope: 'all', until });
    journal(request);
    await stoppedMint(request);
    const hash = await world.sendBack('1');
    await world.operation(byTransfer(hash), (it) => it.waiting_for === 'frozen');
    await kill(world);
    await eventually(async () => Date.parse(until) < performance.timeOrigin + performance.now(), 'the end');
    await world.restart();
    await Promise.all([completed(request), redeemed(hash)]);
    expect((await holdList()).items).toMatchObject([{ hold_id: hold, status: 'past' }]);
    await lift(hold);
  });

  test('as a freeze was lifted, lets its backlog go on when it starts again', async () => {
    const request = await orderUnjournaled('1');
    const hold = await freeze({ scope: 'all' });
    journal(request);
    await stoppedMint(request);
    const hash = await world.sendBack('1');
    await world.operation(byTransfer(hash), (it) => it.waiting_for === 'frozen');
    await lift(hold);
    await world.restart('SIGKILL');
    await Promise.all([completed(request), redeemed(hash)]);
    expect((await holdList()).frozen).toBe('none');
  });
});
