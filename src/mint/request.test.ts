import { describe, expect, test } from 'vitest';
import { anyKind } from '../event-store/create-ledger.ts';
import type { TestWorld } from '../operation/test-ledger.ts';
import {
  openTestLedger,
  record,
  refused,
  testAlpaca,
  testCatalog,
  testDirectory,
} from '../operation/test-ledger.ts';
import { mintId } from '../primitives/uuid.ts';
import type { SplitReading } from '../vault/split-count.ts';
import { confirmMint } from './confirm.ts';
import { mintKind } from './mint-kind.ts';
import { moveStrandedMints } from './move.ts';
import { requestMint } from './request.ts';
import { createMintWorker } from './worker.ts';

const wallet = '0x00000000000000000000000000000000000000aa';
const asset = {
  underlying: 'AAPL',
  token: 'tAAPL',
  network: 'base',
  chainId: 8453,
  vault: '0x00000000000000000000000000000000000000cc',
} as const;
const alpacaAccount = { baseUrl: 'https://alpaca.test', accountId: 'ours' };
const id = mintId(alpacaAccount, 'tkr-1');
const body = {
  tokenization_request_id: 'tkr-1',
  qty: '5',
  underlying_symbol: 'AAPL',
  token_symbol: 'tAAPL',
  network: 'base',
  wallet_address: wallet,
  client_external_account_id: 'client-1',
};
const confirmBody = { tokenization_request_id: 'tkr-1', issuer_request_id: id, status: 'completed' };

async function open() {
  const world: TestWorld = {
    owners: { [wallet]: 'client-1' },
    ownersThen: null,
    linked: true,
    unavailable: null,
    frozen: 'none',
  };
  const opened = await openTestLedger([anyKind(mintKind)]);
  const alarms: string[] = [];
  const known = { splits: null as SplitReading | null };
  const alpaca = testAlpaca();
  const options = {
    ledger: opened.ledger,
    clock: opened.clock,
    directory: testDirectory(world),
    catalog: testCatalog(world, asset),
    splits: { lastKnown: async () => known.splits },
    alpacaAccount,
    laneOf: (chainId: number) => `${chainId}/0x01`,
    alarm: (_fields: object, message: string) => void alarms.push(message),
    alpaca: alpaca.client,
    desk: { cancel: async () => {} },
    rpcOf: (): never => {
      throw new Error('the chain is not asked');
    },
  };
  const worker = createMintWorker(options);
  return {
    ...opened,
    world,
    alarms,
    alpaca,
    known,
    request: (change: object = {}) => requestMint(options, { ...body, ...change }, undefined),
    confirm: (change: object = {}) => confirmMint(options, { ...confirmBody, ...change }, undefined),
    step: async () => {
      const row = await opened.work(id);
      if (row === null) throw new Error('no work');
      return worker.step(row);
    },
  };
}

const accepted = (repeated: boolean) => ({ kind: 'accepted', issuerRequestId: id, repeated });

describe('a mint request', () => {
  test('carries the split count that was last known of its vault, without asking the chain', async () => {
    const { request, known, ledger } = await open();
    known.splits = { count: 3n, blockNumber: 70n };
    await request();
    expect((await ledger.load(mintKind, id)).state).toMatchObject({ mint: { splits: known.splits } });
  });

  test('is accepted under the id that its own id gives, and waits for its journal', async () => {
    const { request, work, store } = await open();
    expect(await request()).toEqual(accepted(false));
    expect(await work(id)).toMatchObject({
      kind: 'mint',
      phase: 'requested',
      waitingFor: 'journal',
      dueMs: null,
    });
    const [row] = await store.find({ table: 'operation', where: { id }, limit: 1 });
    expect(row).toMatchObject({
      kind: 'mint',
      state: 'requested',
      qty: 5n * 10n ** 18n,
      wallet,
      client_id: 'client-1',
      tokenization_request_id: 'tkr-1',
    });
  });

  test.each([
    ['the same', {}],
    ['the quantity as 5.0', { qty: '5.0' }],
    ['the quantity as a number', { qty: 5 }],
    ['the wallet in capitals', { wallet_address: wallet.replace('aa', 'AA') }],
    ["the first generation's name", { client_external_account_id: undefined, client_id: 'client-1' }],
    [
      "Alpaca's id of the client",
      { client_external_account_id: undefined, client_account_id: 'alpaca-account-1' },
    ],
  ])(
    'repeated with %s gets the first answer, even when the asset is frozen by now',
    async (_name, change) => {
      const { request, world, types } = await open();
      await request();
      world.frozen = 'all';
      world.linked = false;
      expect(await request(change)).toEqual(accepted(true));
      expect(await types(`mint/${id}`)).toEqual(['MintRequested']);
    },
  );

  test.each([
    ['another quantity', { qty: '5.1' }],
    ['another wallet', { wallet_address: wallet.replace('aa', 'ab') }],
    ['another token', { token_symbol: 'other' }],
    ['another client', { client_external_account_id: 'client-2' }],
    ['a malformed quantity', { qty: 'five' }],
  ])('repeated with %s is a conflict', async (_name, change) => {
    const { request } = await open();
    await request();
    expect(await request(change)).toMatchObject({ kind: 'refused', code: 'mint_conflict' });
  });

  test.each([
    ['no id', { tokenization_request_id: undefined }, 'invalid_data'],
    ['no quantity', { qty: undefined }, 'invalid_data'],
    ['the quantity 0', { qty: '0' }, 'invalid_data'],
    ['a negative quantity', { qty: '-1' }, 'invalid_data'],
    ['ten decimals', { qty: '0.0000000001' }, 'invalid_data'],
    ['more than 10^12', { qty: '1000000000000.000000001' }, 'invalid_data'],
    ['a number that may have lost digits', { qty: 0.1 + 0.2 }, 'invalid_data'],
    ['two different client ids', { client_id: 'client-2' }, 'invalid_data'],
    ['no client', { client_external_account_id: undefined }, 'invalid_data'],
    ['an unknown token', { token_symbol: 'xAAPL' }, 'invalid_token'],
    ['another network', { network: 'ethereum' }, 'invalid_token'],
    ['an unknown client', { client_external_account_id: 'nobody' }, 'not_eligible'],
    ['a wallet that is no address', { wallet_address: 'aa' }, 'invalid_wallet'],
    ['a wallet of nobody', { wallet_address: wallet.replace('aa', 'ab') }, 'invalid_wallet'],
    ['everything wrong', { token_symbol: 'x', wallet_address: 'x', qty: 'x' }, 'invalid_data'],
    ['token and wallet wrong', { token_symbol: 'x', wallet_address: 'x' }, 'invalid_token'],
    ['client and wallet wrong', { client_external_account_id: 'x', wallet_address: 'x' }, 'not_eligible'],
  ])('with %s is refused and leaves no trace', async (_name, change, code) => {
    const { request, store } = await open();
    expect(await request(change)).toMatchObject({ kind: 'refused', code });
    expect(await store.lastPosition()).toBe(0);
    expect(await request()).toEqual(accepted(false));
  });

  test.each([
    ['disabled', { unavailable: 'disabled' }, 'Invalid Token: Token not available on the network'],
    ['frozen', { frozen: 'new' }, 'Invalid Token: Token not available on the network'],
    ['not linked', { linked: false }, 'Insufficient Eligibility: Client not eligible'],
    [
      "another client's",
      { owners: { [wallet]: 'client-2' } },
      'Invalid Wallet: Wallet does not belong to client',
    ],
  ] as const)('is refused in the words of Alpaca when it is %s', async (_name, change, error) => {
    const { request, world } = await open();
    Object.assign(world, change);
    expect(await request()).toMatchObject({ kind: 'refused', error });
  });

  test('rejects when it cannot be told whether the asset is frozen', async () => {
    const { request, world } = await open();
    world.frozen = 'unknown';
    await expect(request()).rejects.toMatchObject({ code: 'store_closed' });
  });

  test('that comes several times at once makes one mint', async () => {
    const { request, types } = await open();
    const results = await Promise.all([request(), request(), request(), request()]);
    expect(results.every((it) => it.kind === 'accepted' && it.issuerRequestId === id)).toBe(true);
    expect(await types(`mint/${id}`)).toEqual(['MintRequested']);
  });
});

describe('a confirm', () => {
  test('makes a mint ready for its lane, once', async () => {
    const { request, confirm, work, types, alarms } = await open();
    await request();
    expect(await confirm()).toEqual({ kind: 'ok', issuerRequestId: id });
    expect(await confirm()).toEqual({ kind: 'ok', issuerRequestId: id });
    expect(await work(id)).toMatchObject({ phase: 'journaled', lane: '8453/0x01' });
    expect(await types(`mint/${id}`)).toEqual(['MintRequested', 'JournalCompleted']);
    expect(alarms).toEqual([]);
  });

  test('leaves the mint free to move to another lane when its signer is replaced', async () => {
    const { request, confirm, work, store, ledger } = await open();
    await request();
    await confirm();
    expect(await moveStrandedMints({ store, ledger }, 'base', '8453/0x01')).toBe(0);
    expect(await moveStrandedMints({ store, ledger }, 'base', '8453/0x02')).toBe(1);
    expect(await work(id)).toMatchObject({ phase: 'journaled', lane: '8453/0x02' });
  });

  test('of a rejected journal ends the mint', async () => {
    const { request, confirm, work } = await open();
    await request();
    expect(await confirm({ status: 'rejected', reason: 'no shares' })).toMatchObject({ kind: 'ok' });
    expect(await work(id)).toBeNull();
  });

  test('that contradicts is stored and alarmed once, and a conflict each time', async () => {
    const { request, confirm, types, alarms } = await open();
    await request();
    await confirm({ status: 'rejected' });
    expect(await confirm()).toMatchObject({ kind: 'conflict' });
    expect(await confirm()).toMatchObject({ kind: 'conflict' });
    expect(await types(`mint/${id}`)).toEqual(['MintRequested', 'JournalRejected', 'ConfirmContradicted']);
    expect(alarms).toHaveLength(1);
  });

  test('and its request at once end the same, whichever comes first', async () => {
    for (let run = 0; run < 5; run += 1) {
      const { request, confirm, work } = await open();
      const both = run % 2 === 0 ? [confirm(), request()] : [request(), confirm()];
      await Promise.all(both);
      expect(await confirm()).toMatchObject({ kind: 'ok' });
      expect(await work(id)).toMatchObject({ phase: 'journaled' });
    }
  });

  test('after a change of settings still finds its mint by the id that Alpaca repeats', async () => {
    const { request, confirm, ledger } = await open();
    await request();
    const elsewhere = { baseUrl: 'https://new.alpaca.test', accountId: 'ours' };
    const options = { ledger, alpacaAccount: elsewhere, laneOf: () => '8453/0x01', alarm: () => undefined };
    expect(await confirmMint(options, confirmBody, undefined)).toEqual({ kind: 'ok', issuerRequestId: id });
    expect(await confirm()).toMatchObject({ kind: 'ok' });
  });
});

describe('a confirm of a mint that we do not know', () => {
  const alpacasRecord = {
    type: 'mint',
    issuerRequestId: id,
    underlying: 'AAPL',
    token: 'tAAPL',
    quantity: 5n * 10n ** 18n,
    network: 'base',
    wallet,
    clientExternalAccountId: 'client-1',
  };

  test('is stored, alarmed once, and filled in from Alpaca', async () => {
    const { confirm, step, work, alpaca, alarms, types } = await open();
    expect(await confirm()).toMatchObject({ kind: 'unknown' });
    expect(await confirm()).toMatchObject({ kind: 'unknown' });
    expect(alarms).toHaveLength(1);
    expect(await work(id)).toMatchObject({ phase: 'unrequested', dependency: 'alpaca' });
    alpaca.answer('getRequest', record(alpacasRecord));
    expect(await step()).toEqual({ kind: 'advanced' });
    expect(alpaca.asked).toEqual([{ call: 'getRequest', args: ['tkr-1'] }]);
    expect(await types(`mint/${id}`)).toEqual(['ConfirmReceivedEarly', 'MintRequested', 'JournalCompleted']);
    expect(await confirm()).toMatchObject({ kind: 'ok' });
    expect(await work(id)).toMatchObject({ phase: 'journaled' });
  });

  test.each([
    ['with its transaction', { transactionHash: '0x7a' as const }],
    ['as completed', { status: 'completed' as const }],
  ])('is held, and not minted again, when Alpaca shows it %s already', async (_name, change) => {
    const { confirm, step, work, alpaca, types } = await open();
    await confirm();
    alpaca.answer('getRequest', record({ ...alpacasRecord, ...change }));
    expect(await step()).toEqual({ kind: 'advanced' });
    expect(await types(`mint/${id}`)).toEqual([
      'ConfirmReceivedEarly',
      'MintRequested',
      'JournalCompleted',
      'MintHeld',
    ]);
    expect(await work(id)).toMatchObject({ phase: 'held', waitingFor: 'operator' });
  });

  test.each([
    ['disabled', { disabled: true }],
    ['frozen', { frozen: 'all' as const }],
  ])('is filled in although its asset is %s by now: its shares have moved', async (_name, change) => {
    const { confirm, request, step, work, alpaca, world } = await open();
    await confirm();
    Object.assign(world, change);
    expect(await request()).toMatchObject({ kind: 'refused', code: 'invalid_token' });
    alpaca.answer('getRequest', record(alpacasRecord));
    expect(await step()).toEqual({ kind: 'advanced' });
    expect(await work(id)).toMatchObject({ phase: 'journaled' });
  });

  test('is taken up by its request, should that come after all', async () => {
    const { confirm, request, work } = await open();
    await confirm();
    expect(await request()).toEqual(accepted(false));
    expect(await work(id)).toMatchObject({ phase: 'journaled' });
  });

  test.each([
    ['a redeem', { type: 'redeem' }],
    ['no type', { type: null }],
    ['another issuer id', { issuerRequestId: 'b8b4a2de-0b1e-4f55-8a5e-6a1f0e6d3c10' }],
    ['another request', { tokenizationRequestId: 'tkr-2' }],
    ['a token that is not ours', { token: 'xAAPL' }],
    ["a wallet that is not the client's", { wallet: wallet.replace('aa', 'ab') }],
    ['no client', { clientExternalAccountId: null }],
    ['no quantity', { quantity: null }],
    ['a quantity of more than nine decimals', { quantity: 1n }],
    ['a rejected journal', { status: 'rejected' as const }],
  ])('is not minted while Alpaca shows %s', async (_name, change) => {
    const { confirm, step, work, alpaca } = await open();
    await confirm();
    alpaca.answer('getRequest', record({ ...alpacasRecord, ...change }));
    expect(await step()).toMatchObject({ kind: 'failed' });
    expect(await work(id)).toMatchObject({ phase: 'unrequested' });
  });

  test('keeps what Alpaca said when it does not show the request', async () => {
    const { confirm, step, alpaca } = await open();
    await confirm();
    alpaca.answer('getRequest', refused('account not allowed', 403));
    expect(await step()).toMatchObject({
      kind: 'failed',
      error: { message: 'account not allowed (40410000)', status: 403, requestId: 'r-1' },
    });
  });
});
