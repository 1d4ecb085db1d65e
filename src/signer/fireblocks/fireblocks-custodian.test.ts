import type { Address } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createSecret } from '../../config/secret.ts';
import { DependencyDown } from '../../engine/dependency-down.ts';
import { createHttpClient } from '../../ports/http-client.ts';
import type { HttpClient } from '../../ports/ports.ts';
import { systemClock, systemRandom, systemTimers } from '../../ports/system.ts';
import { CUT, rateLimited, refusal } from '../../sandbox/fireblocks/answer.ts';
import type { FireblocksApiUser } from '../../sandbox/fireblocks/api-user.ts';
import { createFireblocksApiUser } from '../../sandbox/fireblocks/api-user.ts';
import { completesAfter, needsApproval, replaced, stops } from '../../sandbox/fireblocks/plan.ts';
import { createSimulatedFireblocks } from '../../sandbox/fireblocks/simulated-fireblocks.ts';
import type { SimulatedFireblocks } from '../../sandbox/fireblocks/simulated-fireblocks-interface.ts';
import { createToyChain } from '../../sandbox/fireblocks/toy-chain.ts';
import type { CallReport, CallTerms, Custodian } from '../custodian.ts';
import { createFireblocksCustodian } from './fireblocks-custodian.ts';
import { createFireblocksApi } from './http-exchange.ts';
import { readVaultAddress } from './read-address.ts';

// Account 1 of the development mnemonic: public, never of value.
const ACCOUNT = privateKeyToAccount('0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d');
const ADDRESS = ACCOUNT.address.toLowerCase() as Address;
const VAULT: Address = '0x00000000000000000000000000000000000000aa';
const CHAIN_ID = 31_337;
const ASSET = 'ETH_TEST5';
const account = { vaultAccountId: '7', assetIds: new Map([[CHAIN_ID, ASSET]]) };

let user: FireblocksApiUser;
let fireblocks: SimulatedFireblocks;
let chain: ReturnType<typeof createToyChain>;
let wallet: string;

beforeEach(async () => {
  user = await createFireblocksApiUser();
  const { apiKey, publicKey: apiPublicKey } = user;
  fireblocks = createSimulatedFireblocks(ACCOUNT, { apiKey, apiPublicKey, vaultAccountId: '7' });
  chain = createToyChain(CHAIN_ID);
  fireblocks.addAsset(ASSET, chain);
  wallet = fireblocks.whitelist.add({ name: 'tAAPL', assetId: ASSET, address: VAULT });
  await fireblocks.start();
});

afterEach(() => fireblocks.stop());

function apiOf(http: HttpClient = createHttpClient()) {
  return createFireblocksApi({
    http,
    clock: systemClock,
    timers: systemTimers,
    random: systemRandom,
    baseUrl: fireblocks.url,
    apiKey: createSecret(user.apiKey),
    secret: createSecret(user.privateKey),
  });
}

const custodianOf = (http?: HttpClient): Custodian =>
  createFireblocksCustodian(apiOf(http), account, { address: ADDRESS, isConfirmed: true });

const terms = (externalId: string): CallTerms => ({
  chainId: CHAIN_ID,
  externalId,
  to: VAULT,
  data: '0xdeadbeef',
  gas: 200_000n,
});

async function submitted(custodian: Custodian, externalId = 'op-1') {
  const request = await custodian.prepare(terms(externalId));
  return { request, answer: await custodian.submit(request) };
}

async function looked(custodian: Custodian, externalId = 'op-1'): Promise<CallReport> {
  const report = await custodian.look({ externalId, custodianId: null });
  if (report === null) throw new Error(`${externalId} is not there`);
  return report;
}

describe('a call', () => {
  test('is asked for as Fireblocks takes it, and found by both its ids, with its hash', async () => {
    const custodian = custodianOf();
    const { request, answer } = await submitted(custodian);
    expect(JSON.parse(request)).toMatchObject({
      operation: 'CONTRACT_CALL',
      amount: '0',
      gasLimit: '200000',
    });
    expect(answer).toMatchObject({ kind: 'accepted', status: 'SUBMITTED' });
    await custodian.look({ externalId: 'op-1', custodianId: null });
    const report = await looked(custodian);
    expect(report).toMatchObject({ status: 'COMPLETED', stage: 'completed', hashes: [chain.sent[0]?.hash] });
    expect(custodian.differences(request, report)).toEqual([]);
    const again = await custodian.look({ externalId: 'op-1', custodianId: report.custodianId });
    expect(again?.hashes).toEqual(report.hashes);
  });

  test('is asked for once, however the second one is refused', async () => {
    const custodian = custodianOf();
    const { request } = await submitted(custodian);
    expect(await custodian.submit(request)).toMatchObject({ kind: 'duplicate' });
    fireblocks.duplicatesAre('conflict');
    expect(await custodian.submit(request)).toMatchObject({ kind: 'duplicate' });
    expect(fireblocks.transactions()).toHaveLength(1);
  });

  test.each([
    [409, { message: 'conflict' }],
    [400, { message: 'The external tx id that was provided in the request, already exists', code: 1438 }],
    [400, { message: 'something', code: '1438' }],
    [400, { message: 'externalTxId already exists' }],
    [400, { message: 'Duplicate external_tx_id' }],
  ])('that is refused with %s and %o is one that was asked for before', async (status, body) => {
    const custodian = custodianOf();
    const request = await custodian.prepare(terms('op-1'));
    fireblocks.interrupt((method) => method === 'POST', { status, body });
    expect(await custodian.submit(request)).toMatchObject({ kind: 'duplicate' });
  });

  test.each([400, 404, 415, 422])('that is refused with %s and other words was not taken', async (status) => {
    const custodian = custodianOf();
    const request = await custodian.prepare(terms('op-1'));
    fireblocks.interrupt((method) => method === 'POST', refusal(status, 'Invalid amount', 1427));
    expect(await custodian.submit(request)).toEqual({
      kind: 'refused',
      status,
      code: '1427',
      message: 'Invalid amount',
    });
  });

  test.each([
    ['a lost connection', CUT],
    ['500', refusal(500, 'oops')],
    ['502', refusal(502, 'bad gateway')],
    ['401', refusal(401, 'token expired', -10)],
    ['403', refusal(403, 'no permission')],
    ['429', rateLimited(0)],
    ['200 without a transaction', { status: 200, body: {} }],
    ['a redirect', { status: 302, body: '' }],
  ] as const)('of which %s comes back may have been taken or not', async (_what, answer) => {
    const custodian = custodianOf();
    const request = await custodian.prepare(terms('op-1'));
    fireblocks.interrupt((method) => method === 'POST', answer);
    await expect(custodian.submit(request)).rejects.toBeInstanceOf(DependencyDown);
  });

  test('that is hidden from look-ups is not there, which says nothing', async () => {
    const custodian = custodianOf();
    await submitted(custodian);
    fireblocks.hideFromExternalLookups(1);
    expect(await custodian.look({ externalId: 'op-1', custodianId: null })).toBeNull();
    expect(await custodian.look({ externalId: 'op-1', custodianId: null })).not.toBeNull();
  });

  test('goes to whitelisted contracts only, of this chain, approved', async () => {
    const custodian = custodianOf();
    const other: Address = '0x00000000000000000000000000000000000000bb';
    const refusedWith = (why: string) => ({
      code: 'contract_not_whitelisted',
      message: expect.stringContaining(why),
    });
    await expect(custodian.prepare({ ...terms('op-1'), to: other })).rejects.toMatchObject(
      refusedWith('there is none'),
    );
    fireblocks.whitelist.add({ name: 'elsewhere', assetId: 'ETH', address: other });
    await expect(custodian.prepare({ ...terms('op-1'), to: other })).rejects.toMatchObject(
      refusedWith('there is none'),
    );
    const pending = { name: 'new', assetId: ASSET, address: other, status: 'WAITING_FOR_APPROVAL' } as const;
    fireblocks.whitelist.add(pending);
    await expect(custodian.prepare({ ...terms('op-1'), to: other })).rejects.toMatchObject(
      refusedWith('WAITING_FOR_APPROVAL'),
    );
    expect(await custodian.whyNotCalled(CHAIN_ID, [terms('op-1').to, other])).toEqual([
      expect.stringMatching(
        /for 0x0*bb with asset .* is WAITING_FOR_APPROVAL\): whitelist that contract there/,
      ),
    ]);
    fireblocks.whitelist.remove(wallet);
    await expect(custodian.prepare(terms('op-1'))).rejects.toMatchObject(refusedWith('there is none'));
    await expect(custodian.prepare({ ...terms('op-1'), chainId: 1 })).rejects.toMatchObject({
      code: 'asset_unknown',
    });
  });

  test('can be cancelled before it is signed', async () => {
    const custodian = custodianOf();
    fireblocks.script({ plan: needsApproval });
    await submitted(custodian);
    const { custodianId } = await looked(custodian);
    await custodian.cancel(custodianId);
    expect(await looked(custodian)).toMatchObject({
      status: 'CANCELLED',
      subStatus: 'CANCELLED_BY_USER',
      stage: 'refused',
    });
  });

  test('that is on its way is not cancelled, and says so', async () => {
    const custodian = custodianOf();
    await submitted(custodian);
    const { custodianId } = await looked(custodian);
    await expect(custodian.cancel(custodianId)).rejects.toMatchObject({
      code: 'custodian_signed',
      message: expect.stringContaining('cannot be cancelled'),
    });
  });

  test('that was replaced names all its hashes, the newest last', async () => {
    const custodian = custodianOf();
    fireblocks.script({ plan: replaced });
    await submitted(custodian);
    let report = await looked(custodian);
    for (let more = 0; more < 5 && report.stage !== 'completed'; more += 1) report = await looked(custodian);
    const versions = fireblocks.transactions()[0]?.versions.map((it) => it.hash) ?? [];
    expect(versions).toHaveLength(2);
    expect(report.hashes).toEqual(versions);
  });
});

test('statuses that end before signing free, and no others: not unknown ones, not those on their way', async () => {
  const custodian = custodianOf();
  const open = ['QUEUED', 'PENDING_AUTHORIZATION', 'PENDING_ENRICHMENT', 'CANCELLING', 'TELEPORTING'];
  const signed = ['BROADCASTING', 'CONFIRMING'];
  fireblocks.script({ plan: completesAfter(...open, ...signed) });
  await submitted(custodian);
  for (const status of open) expect(await looked(custodian)).toMatchObject({ status, stage: 'open' });
  for (const status of signed) expect(await looked(custodian)).toMatchObject({ status, stage: 'signed' });
  const ends = [
    ['BLOCKED', 'BLOCKED_BY_POLICY', 'refused'],
    ['REJECTED', 'REJECTED_BY_USER', 'refused'],
    ['CANCELLED', 'CANCELLED_BY_USER', 'refused'],
    ['FAILED', 'AUTHORIZATION_FAILED', 'refused'],
    ['CANCELLED', 'CANCELLED_BY_USER_REQUEST', 'failed'],
    ['CANCELLED', '', 'failed'],
    ['REJECTED', 'SOMETHING_NEW', 'failed'],
    ['FAILED', 'SIGNING_ERROR', 'failed'],
    ['FAILED', 'TX_OUTDATED', 'failed'],
    ['FAILED', 'INSUFFICIENT_FUNDS_FOR_FEE', 'failed'],
    ['FAILED', 'DROPPED_BY_BLOCKCHAIN', 'failed'],
    ['PARTIALLY_COMPLETED', '', 'open'],
  ] as const;
  for (const [at, [status, subStatus, stage]] of ends.entries()) {
    fireblocks.script({ plan: stops(status, subStatus) });
    await submitted(custodian, `end-${String(at)}`);
    expect(await looked(custodian, `end-${String(at)}`)).toMatchObject({
      status,
      subStatus: subStatus === '' ? null : subStatus,
      stage,
    });
  }
});

describe('an answer', () => {
  const fields = [
    ['externalTxId', { externalTxId: 'op-2' }],
    ['operation', { operation: 'TRANSFER' }],
    ['assetId', { assetId: 'ETH' }],
    ['source.type', { source: { type: 'EXCHANGE_ACCOUNT', id: '7' } }],
    ['source.id', { source: { type: 'VAULT_ACCOUNT', id: '8' } }],
    ['destination.type', { destination: { type: 'ONE_TIME_ADDRESS' } }],
    ['destination.id', { destination: { type: 'CONTRACT', id: 'another' } }],
    ['contractCallData', { extraParameters: { contractCallData: '0xdeadbeee' } }],
  ] as const;

  test.each(fields)('that differs in %s is told from what was asked for', async (field, altered) => {
    const changing: HttpClient = async (request) => {
      const response = await createHttpClient()(request);
      if (!request.url.includes('/external_tx_id/')) return response;
      return { ...response, body: JSON.stringify({ ...JSON.parse(response.body), ...altered }) };
    };
    const custodian = custodianOf(changing);
    const { request } = await submitted(custodian);
    expect(custodian.differences(request, await looked(custodian))).toEqual([field]);
  });

  test.each(['no JSON', '[]', '{"id":"1"}', '{"status":"COMPLETED"}', '{"id":"1","status":7}', ''])(
    'of %j is none',
    async (body) => {
      const custodian = custodianOf();
      await submitted(custodian);
      fireblocks.interrupt((method) => method === 'GET', { status: 200, body });
      await expect(custodian.look({ externalId: 'op-1', custodianId: null })).rejects.toBeInstanceOf(
        DependencyDown,
      );
    },
  );

  test('never repeats key or token', async () => {
    const echo: HttpClient = (request) =>
      Promise.resolve({ status: 400, headers: {}, body: `you sent ${JSON.stringify(request.headers)}` });
    const custodian = custodianOf(echo);
    const answer = await custodian.submit('{}');
    expect(answer.kind).toBe('refused');
    const text = JSON.stringify(answer);
    expect(text).not.toContain(user.apiKey);
    expect(text).not.toMatch(/eyJ[\w-]+\.[\w-]+/);
  });
});

test('after 429 nothing is asked before its pause is over', async () => {
  let asked = 0;
  const limited: HttpClient = () => {
    asked += 1;
    return Promise.resolve({ status: 429, headers: { 'retry-after': '60' }, body: 'slow down' });
  };
  const custodian = custodianOf(limited);
  const look = () => custodian.look({ externalId: 'op-1', custodianId: null });
  await expect(look()).rejects.toMatchObject({ retryAfterMs: 60_000 });
  await expect(look()).rejects.toMatchObject({ dependency: 'signer:fireblocks' });
  expect(asked).toBe(1);
});

describe('the account', () => {
  test('has one address on all its chains', async () => {
    expect(await readVaultAddress(apiOf(), account)).toBe(ADDRESS);
    fireblocks.addAsset('BASE_TEST', createToyChain(84_532));
    const both = { ...account, assetIds: new Map([...account.assetIds, [84_532, 'BASE_TEST']]) };
    expect(await readVaultAddress(apiOf(), both)).toBe(ADDRESS);
    await expect(readVaultAddress(apiOf(), { ...account, vaultAccountId: '8' })).rejects.toMatchObject({
      code: 'custodian_account',
    });
    const two = { addresses: [{ address: ADDRESS }, { address: VAULT }] };
    fireblocks.interrupt((method) => method === 'GET', { status: 200, body: two });
    await expect(readVaultAddress(apiOf(), account)).rejects.toThrow(/must have one and the same address/);
  });

  test('that was not asked at the start is asked before anything is asked of it', async () => {
    const kept = { address: VAULT, isConfirmed: false };
    const custodian = createFireblocksCustodian(apiOf(), account, kept);
    await expect(custodian.prepare(terms('op-1'))).rejects.toMatchObject({
      code: 'custodian_address_changed',
    });
    const right = createFireblocksCustodian(apiOf(), account, { address: ADDRESS, isConfirmed: false });
    await expect(right.prepare(terms('op-1'))).resolves.toContain('CONTRACT_CALL');
  });

  test('lists all that it did, page by page', async () => {
    const custodian = custodianOf();
    const request = await custodian.prepare(terms('op-0'));
    for (let n = 0; n < 7; n += 1) await custodian.submit(request.replaceAll('op-0', `op-${String(n)}`));
    expect((await custodian.list(0)).map((it) => it.externalId)).toHaveLength(7);
    expect(await custodian.list(systemClock.nowMs() + 7_200_000)).toEqual([]);
    const paths: string[] = [];
    const paged: HttpClient = ({ url }) => {
      const { pathname, search, origin } = new URL(url);
      paths.push(`${pathname}${search}`);
      const next = `${origin}/v1/transactions?next=a%3D1&limit=2`;
      const headers: Record<string, string> = paths.length < 3 ? { 'next-page': next } : {};
      const body = JSON.stringify([{ id: String(paths.length), status: 'COMPLETED' }]);
      return Promise.resolve({ status: 200, headers, body });
    };
    expect((await custodianOf(paged).list(7_200_000)).map((it) => it.custodianId)).toEqual(['1', '2', '3']);
    expect(paths[0]).toMatch(/^\/v1\/transactions\?after=3600000&orderBy=createdAt&sort=ASC&limit=500/);
    expect(paths.slice(1)).toEqual(Array(2).fill('/v1/transactions?next=a%3D1&limit=2'));
  });

  test('lists nothing where a list cannot be read to its end', async () => {
    const endless: HttpClient = ({ url }) =>
      Promise.resolve({
        status: 200,
        headers: { 'next-page': url },
        body: '[{"id":"1","status":"COMPLETED"}]',
      });
    const strange =
      (body: string): HttpClient =>
      () =>
        Promise.resolve({ status: 200, headers: {}, body });
    for (const http of [endless, strange('{}'), strange('[{}]'), strange('no JSON')]) {
      await expect(custodianOf(http).list(0)).rejects.toBeInstanceOf(DependencyDown);
    }
  });
});
