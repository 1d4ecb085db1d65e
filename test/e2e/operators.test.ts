import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { quirks } from '../../src/sandbox/alpaca/quirks.ts';
import { parseQuantity } from '../../src/primitives/quantity.ts';
import { kill, untilWaiting } from './crash.ts';
import { expectInvariants } from './invariants.ts';
import { operatorOf, REASON } from './operator.ts';
import { eventTypes, mineUntil, reaches } from './outsider.ts';
import type { OperationOnWire, World } from './world.ts';
import { startWorld, within } from './world.ts';

/** Operations that stay closed, with shares or tokens left on one side. */
const closed: string[] = [];
/** Operations that were held, and told of as errors. */
const held: string[] = [];
const check = (): Promise<void> => expectInvariants(world, { open: closed, errors: held });

let world: World;
beforeAll(async () => {
  world = await startWorld();
  await world.mint('100');
});
afterAll(async () => {
  await world.stop();
});
afterEach(async () => {
  world.partners.alpaca.script.clear();
  await world.network().chain.setAutomine(true);
});

type Operator = ReturnType<typeof operatorOf>;
const act: Operator['act'] = (...call) => operatorOf(world).act(...call);
const actAsTaught: Operator['actAsTaught'] = (...call) => operatorOf(world).actAsTaught(...call);
const refusal: Operator['refusal'] = (...call) => operatorOf(world).refusal(...call);

/** Orders a mint whose transaction waits in the node's pool until a block is mined. */
async function waitingMint(qty: string): Promise<string> {
  await world.network().chain.setAutomine(false);
  const { issuerRequestId } = await world.orderMint(qty);
  const id = issuerRequestId ?? '';
  await reaches(world, id, 'submitted');
  await untilWaiting(world, 1);
  return id;
}

async function redemption(amount: string, state: string): Promise<OperationOnWire> {
  const hash = await world.sendBack(amount);
  return world.operation(`kind=redemption&tx_hash=${hash}`, (it) => it.state === state);
}

describe('recover', () => {
  test('lets a held redemption go on only when what it was held for is gone', async () => {
    const { script } = world.partners.alpaca;
    script.add({ endpoint: 'get_request', times: 'always', do: { alter: quirks.wrongQty } });
    const { id } = await redemption('2', 'held');
    expect(await refusal('recover', id)).toMatch(/422.*action_refused.*still differs.*999999\.5/);
    expect(await act('recover', id, { dry_run: true })).toMatchObject({ outcome: 'refused', changed: false });
    script.clear();
    await actAsTaught('recover', id);
    await reaches(world, id, 'completed');
    expect(await act('recover', id)).toMatchObject({ outcome: 'done', changed: false });
    held.push(id);
    await check();
    const events = (await world.api.call('GET', `/operations/${id}/events`)) as Record<string, unknown>[];
    const resumed = events.find((it) => it['type'] === 'RedemptionResumed');
    expect(resumed).toMatchObject({ reason: REASON, data: { found: expect.arrayContaining([]) as unknown } });
  });

  test('mints on evidence of a journal whose confirm never came, of the right one only, and once', async () => {
    const { alpaca } = world.partners;
    alpaca.script.add({ endpoint: 'confirm', times: 'always', do: { send: () => [] } });
    const { id: request, issuerRequestId } = await world.orderMint('3');
    const id = issuerRequestId ?? '';
    await within(
      alpaca.waitFor(
        () => alpaca.state.requests.find((it) => it.id === request)?.journal?.status === 'executed',
      ),
      'the journal',
    );
    expect(await refusal('recover', id)).toMatch(/422.*nothing shows that its shares were journaled/);
    const [other] = alpaca.state.journals;
    expect(await refusal('recover', id, { evidence: other?.id })).toMatch(/it moved 100, not 3/);
    expect(await refusal('recover', id, { evidence: 'no-such-journal' })).toMatch(/lists no journal/);
    const journal = alpaca.state.requests.find((it) => it.id === request)?.journal?.id;
    await actAsTaught('recover', id, { evidence: journal });
    await reaches(world, id, 'completed');
    alpaca.script.clear();

    // The same journal stands for no second mint.
    alpaca.script.add({ endpoint: 'confirm', times: 'always', do: { send: () => [] } });
    const twin = (await world.orderMint('3')).issuerRequestId ?? '';
    expect(await refusal('recover', twin, { evidence: journal })).toMatch(
      /422.*was named for another mint already/,
    );
    expect(await refusal('recover', twin, { evidence: journal?.toUpperCase() })).toMatch(
      /422.*was named for another mint already/,
    );
    const twinRequest = await within(
      alpaca.waitFor(() =>
        alpaca.state.requests.find((it) => it.issuerRequestId === twin && it.confirm === 'withheld'),
      ),
      'the twin’s confirm to be withheld',
    );
    alpaca.script.clear();
    alpaca.ap.release(twinRequest.id);
    await reaches(world, twin, 'completed');
    await check();
  });

  test('makes what waits due at once, and tells an expected version that is not the present one', async () => {
    const id = await waitingMint('1');
    const { version } = await act('recover', id, { dry_run: true });
    expect(await refusal('recover', id, { expected_version: version - 1 })).toMatch(
      new RegExp(`409.*version_changed.*at version ${String(version)}`),
    );
    expect((await act('recover', id)).summary).toMatch(/its transaction is looked at now/);
    await mineUntil(world.network(), async () => (await find(id)).state === 'completed', 'the mint');
    await check();
  });
});

async function find(id: string): Promise<OperationOnWire> {
  return (await world.api.call('GET', `/operations/${id}`)) as OperationOnWire;
}

describe('close', () => {
  test('cancels the nonce, waits until that is final, and ends a mint whose shares stay with us', async () => {
    const id = await waitingMint('4');
    const { found, summary } = await actAsTaught('close', id);
    expect(found.join()).toMatch(/4 AAPL stay journaled with us/);
    expect(summary).toMatch(/the cancellation is sent/);
    expect(await find(id)).toMatchObject({ state: 'submitted', waiting_for: 'closing' });
    expect(await act('close', id)).toMatchObject({ outcome: 'done', changed: false });
    await mineUntil(
      world.network(),
      async () => (await find(id)).state === 'closed',
      'the mint to be closed',
    );
    expect(await act('close', id)).toMatchObject({ outcome: 'done', changed: false });
    expect(await find(id)).toMatchObject({ reason: REASON, tx_hash: null });
    closed.push(id);
    await world.network().chain.setAutomine(true);
    await check();
  });

  test('loses to the mint that lands meanwhile, which completes', async () => {
    const { chain, wallet } = world.network();
    const before = await world.balance(wallet(0).address);
    const id = await waitingMint('5');
    const raws = await waitingBytes();
    await act('close', id);
    // The node takes the first bytes after all, as a miner that never saw the cancellation does.
    await chain.dropAllTransactions();
    for (const raw of raws) await chain.rpc('eth_sendRawTransaction', [raw]);
    await mineUntil(world.network(), async () => (await find(id)).state === 'completed', 'the mint');
    expect(await refusal('close', id)).toMatch(/422.*it is completed/);
    expect(await world.balance(wallet(0).address)).toBe(before + parseQuantity('5'));
    await chain.setAutomine(true);
    await check();
  });

  test('goes on after the service was killed in the middle of it', async () => {
    const id = await waitingMint('6');
    await Promise.all([act('close', id).catch(() => null), kill(world)]);
    await world.restart();
    const asked = (await eventTypes(world, id)).includes('MintClosing');
    if (!asked) await act('close', id);
    await mineUntil(
      world.network(),
      async () => ['closed', 'completed'].includes((await find(id)).state),
      'the mint to end',
    );
    const { state } = await find(id);
    expect(await eventTypes(world, id)).toContain('MintClosing');
    if (state === 'closed') closed.push(id);
    await world.network().chain.setAutomine(true);
    await check();
  });

  test('ends a redemption before Alpaca is asked, and refuses one that Alpaca decides on', async () => {
    await world.api.call('POST', '/underlyings/AAPL/holds', { owner: 'ops', reason: 'to wait' });
    const { id } = await redemption('1', 'detected');
    const { found } = await actAsTaught('close', id);
    expect(found.join()).toMatch(/Alpaca was not asked/);
    expect(await find(id)).toMatchObject({ state: 'closed' });
    const { items } = (await world.api.call('GET', '/underlyings/AAPL/holds')) as {
      items: { hold_id: string }[];
    };
    await world.api.call('DELETE', `/underlyings/AAPL/holds/${items[0]?.hold_id ?? ''}`);
    closed.push(id);

    world.partners.alpaca.script.add({ endpoint: 'redeem_journal', do: { outcome: 'hold' } });
    const other = await redemption('1', 'requested');
    expect(await refusal('close', other.id)).toMatch(/422.*Alpaca decides on its journal/);
    world.partners.alpaca.ap.release(other.tokenization_request_id ?? '');
    await reaches(world, other.id, 'completed');
    await check();
  });
});

/** The raw bytes of our transactions that wait in the node's pool. */
async function waitingBytes(): Promise<readonly string[]> {
  const { chain } = world.network();
  const pool = (await chain.rpc('txpool_content', [])) as {
    pending: Record<string, Record<string, { hash: string }>>;
  };
  const ours = Object.entries(pool.pending).find(
    ([from]) => from.toLowerCase() === world.partners.issuerAddress.toLowerCase(),
  );
  const hashes = Object.values(ours?.[1] ?? {}).map((it) => it.hash);
  return Promise.all(
    hashes.map((hash) => chain.rpc('eth_getRawTransactionByHash', [hash]) as Promise<string>),
  );
}

test('an action on what is not there, or of a kind that it cannot have, is a documented problem', async () => {
  expect(await refusal('close', '6b0f0b2e-0000-5000-8000-000000000001')).toMatch(/404.*operation_unknown/);
  const { id } = await redemption('1', 'completed');
  expect(await refusal('retarget', id)).toMatch(/422.*action_refused/);
  expect(await refusal('complete', id, { evidence: 'x' })).toMatch(/422.*not a transaction hash/);
  await check();
});
