import { type Hex, parseTransaction } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { HttpFailure } from '../../primitives/failures.ts';
import { CUT, rateLimited } from './answer.ts';
import { createFireblocksApiUser, type FireblocksApiUser } from './api-user.ts';
import {
  altered,
  completesAfter,
  dropped,
  needsApproval,
  type Plan,
  replaced,
  replacedInVain,
  sentYetEnds,
  signedYetEnds,
  stops,
} from './plan.ts';
import { createSimulatedFireblocks } from './simulated-fireblocks.ts';
import type { SimulatedFireblocks } from './simulated-fireblocks-interface.ts';
import { type Caller, createCaller } from './testing.ts';
import { createToyChain, type ToyChain } from './toy-chain.ts';

// Account 1 of the development mnemonic: public, never of value.
const ACCOUNT = privateKeyToAccount('0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d');
const ASSET = 'BASECHAIN_ETH';
const CONTRACT = '0x00000000000000000000000000000000000000aa';

let user: FireblocksApiUser;
beforeAll(async () => {
  user = await createFireblocksApiUser();
});

let fireblocks: SimulatedFireblocks;
let chain: ToyChain;
let call: Caller;
let contractId: string;
beforeEach(async () => {
  chain = createToyChain();
  fireblocks = createSimulatedFireblocks(ACCOUNT, {
    apiKey: user.apiKey,
    apiPublicKey: user.publicKey,
    vaultAccountId: '7',
  });
  await fireblocks.start();
  fireblocks.addAsset(ASSET, chain);
  contractId = fireblocks.whitelist.add({ name: 'vault', assetId: ASSET, address: CONTRACT });
  call = createCaller(user, () => fireblocks.url);
});
afterEach(() => fireblocks.stop());

interface Told {
  readonly id: string;
  readonly status: string;
  readonly subStatus: string;
  readonly txHash: string;
}

function body(externalTxId: string, more: Readonly<Record<string, unknown>> = {}) {
  return {
    operation: 'CONTRACT_CALL',
    externalTxId,
    assetId: ASSET,
    source: { type: 'VAULT_ACCOUNT', id: '7' },
    destination: { type: 'CONTRACT', id: contractId },
    amount: '0',
    extraParameters: { contractCallData: '0xdeadbeef' },
    ...more,
  };
}

async function create(externalTxId: string): Promise<string> {
  const { status, body: told } = await call('POST', '/transactions', body(externalTxId));
  expect(told).toMatchObject({ status: 'SUBMITTED' });
  expect(status).toBe(200);
  return (told as Told).id;
}

async function ask(id: string): Promise<Told> {
  return (await call('GET', `/transactions/${id}`)).body as Told;
}

/** Status and sub-status at every question, until they end. */
async function story(plan: Plan): Promise<readonly string[]> {
  fireblocks.script({ plan });
  const id = await create(`story-${String(fireblocks.transactions().length)}`);
  const told: string[] = [];
  for (let question = 0; question < 8; question += 1) {
    const { status, subStatus } = await ask(id);
    told.push(subStatus === '' ? status : `${status} ${subStatus}`);
  }
  return told.filter((it, at) => at === 0 || it !== told[at - 1]);
}

describe('a contract call', () => {
  test('is signed, sent as it was asked for, and told of', async () => {
    const id = await create('mint-1');
    const told = await ask(id);
    expect(told).toMatchObject({
      status: 'COMPLETED',
      subStatus: 'CONFIRMED',
      externalTxId: 'mint-1',
      destinationAddress: CONTRACT,
      sourceAddress: ACCOUNT.address,
      nonce: '0',
    });
    const [sent] = chain.sent;
    expect(told.txHash).toBe(sent?.hash);
    expect(parseTransaction(sent?.raw as Hex)).toMatchObject({ to: CONTRACT, data: '0xdeadbeef' });
    expect((await call('GET', '/transactions/external_tx_id/mint-1')).body).toMatchObject({ id });
  });

  test('takes nonces of its own, one after another', async () => {
    await Promise.all(['a', 'b', 'c'].map(create));
    await expect.poll(() => chain.sent.length).toBe(3);
    const nonces = chain.sent.map(({ raw }) => parseTransaction(raw).nonce ?? 0);
    expect(nonces).toEqual([0, 1, 2]);
  });

  test('is refused once the external id is used, in both forms', async () => {
    await create('mint-1');
    const refused = await call('POST', '/transactions', body('mint-1'));
    expect(refused).toMatchObject({ status: 400, body: { code: 1438 } });
    fireblocks.duplicatesAre('conflict');
    expect(await call('POST', '/transactions', body('mint-1'))).toMatchObject({ status: 409 });
    expect(fireblocks.transactions()).toHaveLength(1);
  });

  test.each([
    ['another operation', { operation: 'RAW' }, 400],
    ['a transfer that calls something', { operation: 'TRANSFER' }, 400],
    ['no external id', { externalTxId: undefined }, 400],
    ['a name that the API does not have', { calldata: '0x' }, 400],
    ['data that are no hex', { extraParameters: { contractCallData: '0xdeadbee' } }, 400],
    ['another vault account', { source: { type: 'VAULT_ACCOUNT', id: '8' } }, 404],
    ['an asset that the account lacks', { assetId: 'ETH' }, 400],
    ['a contract that nobody whitelisted', { destination: { type: 'CONTRACT', id: 'x' } }, 400],
  ])('is refused with %s', async (_what, wrong, status) => {
    expect(await call('POST', '/transactions', body('mint-1', wrong))).toMatchObject({ status });
    expect(fireblocks.transactions()).toEqual([]);
  });

  test('has a neighbour that sends nothing to itself, and uses up an external id', async () => {
    const { extraParameters: _none, ...rest } = body('mint-1');
    const itself = { ...rest, operation: 'TRANSFER', destination: { type: 'VAULT_ACCOUNT', id: '7' } };
    expect(await call('POST', '/transactions', itself)).toMatchObject({ status: 200 });
    expect(await call('POST', '/transactions', body('mint-1'))).toMatchObject({ body: { code: 1438 } });
    await expect.poll(() => chain.sent.length).toBe(1);
    const sent = parseTransaction(chain.sent[0]?.raw as Hex);
    expect(sent.to).toBe(ACCOUNT.address.toLowerCase());
    expect([sent.data, sent.value]).toEqual([undefined, undefined]);
    const others = { ...itself, externalTxId: 'mint-2', destination: { type: 'VAULT_ACCOUNT', id: '8' } };
    expect(await call('POST', '/transactions', others)).toMatchObject({ status: 400 });
  });

  test('is refused to a contract that waits for its approval', async () => {
    const status = 'WAITING_FOR_APPROVAL';
    contractId = fireblocks.whitelist.add({ name: 'new', assetId: ASSET, address: CONTRACT, status });
    expect(await call('POST', '/transactions', body('mint-1'))).toMatchObject({ status: 400 });
  });
});

describe('what becomes of it', () => {
  test.each<[string, Plan, readonly string[]]>([
    [
      'approvals and unknown statuses',
      completesAfter('PENDING_AUTHORIZATION', 'NEVER_HEARD_OF'),
      ['PENDING_AUTHORIZATION', 'NEVER_HEARD_OF', 'COMPLETED CONFIRMED'],
    ],
    ['a policy', stops('BLOCKED', 'BLOCKED_BY_POLICY'), ['BLOCKED BLOCKED_BY_POLICY']],
    ['a person', stops('REJECTED', 'REJECTED_BY_USER'), ['REJECTED REJECTED_BY_USER']],
    ['a loss', dropped, ['BROADCASTING', 'FAILED DROPPED_BY_BLOCKCHAIN']],
    ['an ending after it was sent', sentYetEnds('FAILED', 'TIMEOUT'), ['BROADCASTING', 'FAILED TIMEOUT']],
  ])('%s', async (_what, plan, told) => {
    expect(await story(plan)).toEqual(told);
  });

  test('a policy’s no sends nothing and tells no hash', async () => {
    fireblocks.script({ plan: stops('BLOCKED', 'BLOCKED_BY_POLICY') });
    expect(await ask(await create('mint-1'))).toMatchObject({ status: 'BLOCKED', txHash: '' });
    expect(chain.sent).toEqual([]);
  });

  test('a replacement has another hash at the same nonce', async () => {
    fireblocks.script({ plan: replaced });
    const id = await create('mint-1');
    const first = (await ask(id)).txHash;
    await ask(id);
    const told = await ask(id);
    expect(told).toMatchObject({ status: 'COMPLETED', replacedTxHash: first, nonce: '0' });
    expect(told.txHash).not.toBe(first);
    expect(chain.sent.map((it) => it.hash)).toEqual([told.txHash]);
  });

  test('a replacement can lose to what it replaces', async () => {
    fireblocks.script({ plan: replacedInVain });
    const id = await create('mint-1');
    const [first, last] = [(await ask(id)).txHash, (await ask(id)).txHash];
    expect(first).not.toBe(last);
    expect(chain.sent.map((it) => it.hash)).toEqual([last]);
  });

  test('something else can be signed than was asked for', async () => {
    fireblocks.script({ plan: altered((it) => ({ ...it, data: '0x00' })) });
    await ask(await create('mint-1'));
    expect(parseTransaction(chain.sent[0]?.raw as Hex).data).toBe('0x00');
  });

  test('what is signed and not sent leaves its nonce to the next, or can be sent after all', async () => {
    fireblocks.script({ plan: signedYetEnds('FAILED', 'SIGNING_ERROR') });
    const id = await create('mint-1');
    expect(await ask(id)).toMatchObject({ status: 'BROADCASTING', nonce: '0' });
    const { txHash } = await ask(id);
    expect(await ask(id)).toMatchObject({ status: 'FAILED', nonce: '0', txHash });
    expect(chain.sent).toEqual([]);
    await fireblocks.send(id);
    expect(chain.sent.map((it) => it.hash)).toEqual([txHash]);
    expect(await ask(await create('mint-2'))).toMatchObject({ nonce: '1' });
  });

  test('what is signed and waits keeps its nonce until it ends', async () => {
    const waits: Plan = [{ act: 'sign' }, { act: 'wait', status: 'BROADCASTING' }];
    fireblocks.script({ plan: waits }, { plan: waits });
    const [first, second] = [await create('a'), await create('b')];
    expect(await ask(first)).toMatchObject({ nonce: '0' });
    expect(await ask(second)).toMatchObject({ nonce: '1' });
    fireblocks.end(first, 'FAILED', 'TIMEOUT');
    expect(await ask(await create('c'))).toMatchObject({ nonce: '0', status: 'COMPLETED' });
  });

  test('it waits for people, who go on or cancel', async () => {
    fireblocks.always({ plan: needsApproval });
    const [approved, cancelled] = [await create('a'), await create('b')];
    expect(await ask(approved)).toMatchObject({ status: 'PENDING_AUTHORIZATION', txHash: '' });
    await fireblocks.proceed(approved);
    expect(await ask(approved)).toMatchObject({ status: 'COMPLETED' });
    expect(await call('POST', `/transactions/${cancelled}/cancel`, '')).toMatchObject({
      body: { success: true },
    });
    expect(await ask(cancelled)).toMatchObject({ subStatus: 'CANCELLED_BY_USER' });
    expect(await call('POST', `/transactions/${approved}/cancel`, {})).toMatchObject({ status: 400 });
  });

  test('a call that reverts, an empty account, and a chain that is away', async () => {
    chain.fail('eth_estimateGas', 'execution reverted: no');
    expect(await ask(await create('a'))).toMatchObject({ subStatus: 'SMART_CONTRACT_EXECUTION_FAILED' });
    chain.fail('eth_sendRawTransaction', 'insufficient funds for gas * price + value');
    expect(await ask(await create('b'))).toMatchObject({ subStatus: 'INSUFFICIENT_FUNDS_FOR_FEE' });
    chain.fail('eth_sendRawTransaction', null);
    expect(await ask(await create('c'))).toMatchObject({ status: 'COMPLETED' });
  });
});

describe('the way there', () => {
  test('an answer is lost, and the transaction is there', async () => {
    fireblocks.script({ answer: CUT });
    await expect(call('POST', '/transactions', body('mint-1'))).rejects.toBeInstanceOf(HttpFailure);
    fireblocks.hideFromExternalLookups(1);
    expect(await call('GET', '/transactions/external_tx_id/mint-1')).toMatchObject({ status: 404 });
    expect(await call('GET', '/transactions/external_tx_id/mint-1')).toMatchObject({ status: 200 });
  });

  test('an error with and without a transaction behind it', async () => {
    const answer = { status: 502, body: '{"message":"bad gateway"}' };
    fireblocks.script({ answer }, { answer, isCreated: true });
    expect(await call('POST', '/transactions', body('a'))).toMatchObject({ status: 502 });
    expect(await call('POST', '/transactions', body('b'))).toMatchObject({ status: 502 });
    expect(fireblocks.transactions().map((it) => it.request.externalTxId)).toEqual(['b']);
  });

  test('any request can be asked to come back later', async () => {
    fireblocks.interrupt((method) => method === 'GET', rateLimited(3));
    expect(await call('GET', '/contracts')).toMatchObject({ status: 429, headers: { 'retry-after': '3' } });
    expect(await call('GET', '/contracts')).toMatchObject({ status: 200 });
  });

  test('nothing is served without a good token', async () => {
    const strangers = createCaller(await createFireblocksApiUser(), () => fireblocks.url);
    for (const path of ['/contracts', '/transactions', '/nowhere']) {
      expect(await strangers('GET', path)).toMatchObject({ status: 401 });
    }
    expect(fireblocks.requests()).toEqual([]);
  });
});

describe('what can be looked up', () => {
  test('the vault account’s address and its balance', async () => {
    const path = `/vault/accounts/7/${ASSET}`;
    expect((await call('GET', `${path}/addresses_paginated`)).body).toMatchObject({
      addresses: [{ assetId: ASSET, address: ACCOUNT.address }],
    });
    expect((await call('GET', path)).body).toMatchObject({ id: ASSET, total: '1' });
    expect(await call('GET', '/vault/accounts/8/ETH/addresses_paginated')).toMatchObject({ status: 404 });
    expect(await call('GET', '/vault/accounts/7/ETH')).toMatchObject({ status: 404 });
  });

  test('whitelisted contracts', async () => {
    const wallet = { id: contractId, assets: [{ id: ASSET, address: CONTRACT, status: 'APPROVED' }] };
    expect((await call('GET', '/contracts')).body).toMatchObject([wallet]);
    expect((await call('GET', `/contracts/${contractId}`)).body).toMatchObject(wallet);
    expect((await call('GET', `/contracts/${contractId}/${ASSET}`)).body).toMatchObject({ id: ASSET });
    expect(await call('GET', '/contracts/nobody')).toMatchObject({ status: 404 });
  });

  test('transactions page by page, there and back', async () => {
    const ids = [];
    for (const name of ['a', 'b', 'c', 'd', 'e']) ids.push(await create(name));
    const seen: (readonly string[])[] = [];
    let path = '/transactions?sourceType=VAULT_ACCOUNT&sourceId=7&after=0&orderBy=createdAt&sort=ASC&limit=2';
    let back = '';
    for (;;) {
      const { body: page, headers } = await call('GET', path);
      seen.push((page as Told[]).map((it) => it.id));
      back = headers['prev-page'] ?? '';
      if (headers['next-page'] === undefined) break;
      path = headers['next-page'];
    }
    expect(seen).toEqual([ids.slice(0, 2), ids.slice(2, 4), ids.slice(4)]);
    const before = (await call('GET', back)).body as Told[];
    expect(before.map((it) => it.id)).toEqual(ids.slice(2, 4));
  });

  test('transactions by what they are', async () => {
    const id = await create('a');
    const { txHash } = await ask(id);
    await create('b');
    const found = async (query: string) => {
      const { body: page } = await call('GET', `/transactions${query}`);
      return (page as { externalTxId: string }[]).map((it) => it.externalTxId);
    };
    expect(await found('')).toEqual(['b', 'a']);
    expect(await found(`?txHash=${txHash}`)).toEqual(['a']);
    expect(await found('?sourceId=8')).toEqual([]);
    expect(await found(`?before=${String(fireblocks.transactions()[0]?.createdAtMs)}`)).toEqual([]);
    expect(await call('GET', '/transactions?limit=501')).toMatchObject({ status: 400 });
    expect(await call('GET', '/transactions?unknown=1')).toMatchObject({ status: 400 });
  });
});
