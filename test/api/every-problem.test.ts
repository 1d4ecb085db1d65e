import { connect } from 'node:net';
import { DatabaseSync } from 'node:sqlite';
import { encodeAbiParameters, encodeFunctionData, erc20Abi } from 'viem';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { WrittenEvent } from '../../src/event-store/sqlite/event-sum.ts';
import { eventSum } from '../../src/event-store/sqlite/event-sum.ts';
import { MAX_CATEGORIES } from '../../src/event-store/sqlite/stream-ids.ts';
import type { ProblemCode } from '../../src/http/problems.ts';
import { PROBLEMS } from '../../src/http/problems.ts';
import type { RpcProxy } from '../../src/sandbox/rpc-proxy.ts';
import { startRpcProxy } from '../../src/sandbox/rpc-proxy.ts';
import { deployTestVault } from '../../src/sandbox/test-vault.ts';
import type { OperationOnWire, World } from '../e2e/world.ts';
import { BASE, eventually, startWorld } from '../e2e/world.ts';
import { answeredInContention, answeredOnFullDisk, answeredToOneHoldTooMany } from './troubled-stores.ts';
import { createCaller } from './calls.ts';
import type { Answered, Contract } from './contract.ts';
import { createContract } from './contract.ts';
import { readOpenApi } from './open-api.ts';

const NOWHERE = '00000000-0000-4000-8000-000000000000';
/** The event by which a mint was requested, found by its id. */
const ITS_REQUEST = `SELECT position, version, type, schema, time AS timeMs, metadata FROM events
  JOIN names ON number = stream / ${String(MAX_CATEGORIES)} WHERE type = 'MintRequested' AND hex(name) = ?`;
const NO_VAULT = `0x${'12'.repeat(20)}`;

describe('every problem of the table can really be had', () => {
  let world: World;
  let proxy: RpcProxy;
  let contract: Contract;
  let mint: OperationOnWire;
  let other: { readonly client_id: string };
  let caller: ReturnType<typeof createCaller>;
  let unfinished: Promise<Answered>;
  beforeAll(async () => {
    const vaults = [
      { underlying: 'AAPL', token: 'tAAPL' },
      { underlying: 'MSFT', token: 'tMSFT' },
    ];
    world = await startWorld({
      networks: [{ ...BASE, vaults }],
      settings: async (partners) => {
        proxy = await startRpcProxy({ upstream: partners.networks.get('base')?.chain.url ?? '' });
        return { CHAIN_BASE_RPC_URL: proxy.url };
      },
    });
    contract = createContract(await readOpenApi(world.issuer().url));
    caller = createCaller(world.issuer().url);
    unfinished = unfinishedRequest(world);
    await world.mint('5');
    [mint] = (await world.operations('kind=mint')) as [OperationOnWire];
    other = (await world.api.call('POST', '/accounts', {
      email: 'other@participant.example',
    })) as typeof other;
  });
  afterAll(async () => {
    caller.close();
    await world.stop();
    await proxy.stop();
  });

  const send = (method: string, target: string, body?: unknown, headers: Record<string, string> = {}) => {
    const text = body === undefined ? null : typeof body === 'string' ? body : JSON.stringify(body);
    const isAlpacas = target.startsWith('/tokenization/');
    return caller.send({
      method,
      target,
      headers: {
        'x-api-key': isAlpacas ? world.partners.keys.alpaca : world.partners.keys.admin,
        ...(text === null
          ? {}
          : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(text)) }),
        ...headers,
      },
      body: text,
    });
  };
  const get = (target: string, headers?: Record<string, string>) => send('GET', target, undefined, headers);
  const post = (target: string, body: unknown, headers?: Record<string, string>) =>
    send('POST', target, body, headers);

  const vaultOf = (token: string) => world.vault(token).address;
  const asset = (changes: object) => ({
    underlying: 'AAPL',
    token: 'tAAPL',
    network: 'base',
    vault: vaultOf('tAAPL'),
    ...changes,
  });
  const order = (changes: object) => ({
    tokenization_request_id: `request ${JSON.stringify(changes)}`,
    qty: '1',
    underlying_symbol: 'AAPL',
    token_symbol: 'tAAPL',
    network: 'base',
    wallet_address: world.network().wallet(0).address,
    client_external_account_id: world.clientId,
    ...changes,
  });
  const confirm = (changes: object) => ({
    tokenization_request_id: mint.tokenization_request_id,
    issuer_request_id: mint.id,
    status: 'completed',
    ...changes,
  });
  const hold = (changes: object) =>
    post('/underlyings/MSFT/holds', { owner: 'test', reason: 'to see', ...changes });
  const wallet = (client: string, address: string) =>
    post(`/accounts/${client}/wallets`, { wallet: address });

  /** A mint that waits for its journal. */
  const ofHeldJournal = async (): Promise<OperationOnWire> => {
    world.partners.alpaca.script.add({ endpoint: 'mint_journal', do: { outcome: 'hold' } });
    const { id } = await world.orderMint('1');
    return world.operation(`tokenization_request_id=${id}`);
  };
  const recipes: Readonly<Record<ProblemCode, () => Promise<Answered>>> = {
    malformed: () => get('/operations?limit=0'),
    invalid_data: () => post('/tokenization/mint', order({ qty: '0' })),
    invalid_token: () => post('/tokenization/mint', order({ token_symbol: 'tTSLA' })),
    not_eligible: () => post('/tokenization/mint', order({ client_external_account_id: NOWHERE })),
    invalid_wallet: () => post('/tokenization/mint', order({ wallet_address: NO_VAULT })),
    unauthenticated: () => get('/operations', { 'x-api-key': 'wrong' }),
    address_forbidden: () => get('/operations', { 'x-forwarded-for': '203.0.113.9' }),
    not_found: () => get('/nowhere'),
    account_unknown: () => get(`/accounts/${NOWHERE}`),
    asset_unknown: () => get('/tokenized-assets/TSLA?network=base'),
    hold_unknown: () => send('DELETE', `/underlyings/AAPL/holds/${NOWHERE}`),
    operation_unknown: () => get(`/operations/${NOWHERE}`),
    email_taken: () => post('/accounts', { email: world.email.toUpperCase() }),
    alpaca_account_taken: async () => {
      const { body } = await get(`/accounts/${world.clientId}`);
      const { alpaca_account_id: id } = JSON.parse(body) as { alpaca_account_id: string };
      return post('/accounts', { email: 'third@participant.example', alpaca_account_id: id });
    },
    account_linked_elsewhere: () =>
      post('/tokenization/accounts/connect', { email: world.email, client_account_number: 'another' }),
    wallet_taken: () => wallet(other.client_id, world.network().wallet(0).address),
    vault_taken: async () => {
      // A vault that can be upgraded can be renamed.
      const symbolOf = encodeFunctionData({ abi: erc20Abi, functionName: 'symbol' });
      const renamed = encodeAbiParameters([{ type: 'string' }], ['tTSLA']);
      const restore = proxy.on('eth_call', {
        kind: 'change',
        change: (result, [call]) => ((call as { data: string }).data === symbolOf ? renamed : result),
      });
      const answer = await post('/tokenized-assets', asset({ underlying: 'TSLA', token: 'tTSLA' }));
      restore();
      return answer;
    },
    token_taken: async () => {
      // A second vault with the token symbol of the first, for another share.
      const { chain, deployer } = world.network();
      const issuer = world.partners.issuerAddress;
      const { address } = await deployTestVault({ chain, deployer, issuer, symbol: 'tAAPL' });
      return post('/tokenized-assets', asset({ underlying: 'NVDA', vault: address }));
    },
    asset_token_differs: () => post('/tokenized-assets', asset({ token: 'tMSFT', vault: vaultOf('tMSFT') })),
    hold_limit: answeredToOneHoldTooMany,
    mint_conflict: () =>
      post('/tokenization/mint', order({ tokenization_request_id: mint.tokenization_request_id, qty: '6' })),
    version_changed: async () => {
      const { id } = await ofHeldJournal();
      return post(`/operations/${id}/close`, { reason: 'to see', expected_version: 99 });
    },
    action_refused: () => post(`/operations/${mint.id}/refund`, { reason: 'to see' }),
    alpaca_unavailable: async () => {
      const { id } = await ofHeldJournal();
      const restore = world.partners.alpaca.script.add({
        endpoint: 'get_request',
        times: 'always',
        do: { reply: { status: 500, body: { message: 'not now' } } },
      });
      const answer = await post(`/operations/${id}/close`, { reason: 'to see' });
      restore();
      return answer;
    },
    confirm_conflict: () => post('/tokenization/mint/confirm', confirm({ status: 'rejected' })),
    payload_too_large: () => post('/tokenization/mint', 'x'.repeat(1_100_000)),
    unsupported_media_type: () => post('/tokenization/mint', order({}), { 'content-type': 'text/plain' }),
    wallet_reserved: () => wallet(world.clientId, world.partners.issuerAddress),
    hold_window_invalid: () => hold({ from: '2099-01-02T00:00:00Z', until: '2099-01-01T00:00:00Z' }),
    network_unknown: () => post('/tokenized-assets', asset({ network: 'solana' })),
    vault_invalid: () => post('/tokenized-assets', asset({ vault: NO_VAULT })),
    symbol_mismatch: () => post('/tokenized-assets', asset({ vault: vaultOf('tMSFT') })),
    headers_too_large: () => get('/operations', { padding: 'x'.repeat(17_000) }),
    chain_unavailable: async () => {
      proxy.takeDown();
      const answer = await post('/tokenized-assets', asset({}));
      proxy.bringUp();
      return answer;
    },
    busy: answeredInContention,
    unclear_confirm: () => post('/tokenization/mint/confirm', confirm({ status: 'settled' })),
    unknown_confirm: () => post('/tokenization/mint/confirm', confirm({ tokenization_request_id: NOWHERE })),
    // Takes more than ten seconds: it was begun before all others.
    request_timeout: () => unfinished,
    rate_limited: async () => {
      let answer = await get('/operations', { 'x-api-key': 'wrong' });
      for (let count = 0; count < 20 && answer.status !== 429; count += 1)
        answer = await get('/operations', { 'x-api-key': 'wrong' });
      return answer;
    },
    internal: async () => {
      // Somebody edited the log behind our back, and its checksum too: else the service would stop.
      const database = new DatabaseSync(world.databasePath);
      const row = database.prepare(ITS_REQUEST).get(mint.id.replaceAll('-', '').toUpperCase()) ?? {};
      const written = { ...row, stream: `mint/${mint.id}`, data: '{' } as unknown as WrittenEvent;
      database.exec('DROP TRIGGER events_hold');
      const edit = database.prepare('UPDATE events SET data = ?, sum = ? WHERE position = ?');
      edit.run(written.data, eventSum(written), row['position'] ?? null);
      database.close();
      return get(`/operations/${mint.id}/events`);
    },
    stopping: async () => {
      const letGo = proxy.hold('eth_call');
      const held = proxy.waitForRequest('eth_call');
      const running = post('/tokenized-assets', asset({})).catch(() => null);
      // Kept alive, since a new connection finds nobody any more.
      await Promise.all([get('/lanes'), held]);
      const stopped = world.issuer().stop('SIGTERM');
      const answer = await eventually(async () => {
        const found = await get('/lanes');
        return found.status === 503 ? found : null;
      }, 'the service to refuse calls');
      letGo();
      await Promise.all([running, stopped]);
      await world.restart();
      return answer;
    },
    storage_failed: answeredOnFullDisk,
  };

  test.for(Object.keys(recipes) as ProblemCode[])('%s is answered in that form', async (code) => {
    const answered = await recipes[code]();
    const { status, title } = PROBLEMS[code];
    expect(answered).toMatchObject({ status, type: expect.stringMatching(/^application\/problem\+json/) });
    expect(JSON.parse(answered.body)).toMatchObject({
      code,
      status,
      title,
      type: `urn:issuance:problem:${code}`,
    });
    expect(contract.faultOf(answered)).toBeNull();
  });
});

/** A request whose head never ends. */
function unfinishedRequest(world: World): Promise<Answered> {
  const { port } = new URL(world.issuer().url);
  return new Promise((resolve, reject) => {
    let received = '';
    const socket = connect(Number(port), '127.0.0.1', () => {
      socket.write('GET /operations HTTP/1.1\r\nhost: a\r\n');
    });
    socket.on('data', (data: Buffer) => (received += data.toString()));
    socket.on('error', reject);
    socket.on('close', () => {
      const [head = '', body = ''] = received.split('\r\n\r\n');
      const header = (name: string) => new RegExp(`^${name}: (.*)$`, 'im').exec(head)?.[1]?.trim() ?? null;
      resolve({
        method: 'GET',
        target: '/operations',
        status: Number(head.slice(9, 12)),
        type: header('content-type') ?? '',
        requestId: header('x-request-id'),
        body,
      });
    });
  });
}
