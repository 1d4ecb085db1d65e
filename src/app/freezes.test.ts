import { describe, expect, test } from 'vitest';
import { ASSET_TABLE, assetId, assetKind, VAULT_TABLE } from '../asset/asset.ts';
import { createAssets } from '../asset/assets.ts';
import { availabilityVerdict } from '../asset/availability.ts';
import type { NewHold } from '../asset/holds.ts';
import { createHolds } from '../asset/holds.ts';
import { HOLD_TABLE, underlyingKind } from '../asset/underlying-kind.ts';
import { anyKind } from '../event-store/create-ledger.ts';
import { VersionConflict } from '../event-store/errors.ts';
import { change } from '../event-store/ledger.ts';
import { createMintLane } from '../mint/lane.ts';
import { mintKind } from '../mint/mint-kind.ts';
import { requestMint } from '../mint/request.ts';
import { confirmMint } from '../mint/confirm.ts';
import { openTestLedger, record, testAlpaca, testDirectory } from '../operation/test-ledger.ts';
import type { TestWorld } from '../operation/test-ledger.ts';
import { systemRandom } from '../ports/system.ts';
import { mintId } from '../primitives/uuid.ts';
import { createInventory } from '../receipt/inventory.ts';
import { receiptKind, RECEIPT_TABLES } from '../receipt/receipt-kind.ts';
import { testSplits } from '../receipt/test-splits.ts';
import { createRedemptionLane } from '../redemption/lane.ts';
import { OWED_TABLE, redemptionKind } from '../redemption/redemption-kind.ts';
import { detected, promised, REDEMPTION, SENDER, toJournal, TOKEN, transfer } from '../redemption/samples.ts';
import type { RedemptionEvent } from '../redemption/state.ts';
import { createRedemptionWorker } from '../redemption/worker.ts';
import { silentLog } from '../telemetry/log.ts';
import type { SignedTransaction } from '../transaction/lane-feature.ts';
import { PlanOutdated } from '../transaction/plan-outdated.ts';
import { placed, transferLog } from '../vault/log-samples.ts';
import { createCatalog } from './directories.ts';

/** Freezes and everything that they stop, on the real books: what comes between a check and its commit. */

const OPERATOR = { actor: 'ana' };
const hold: NewHold = { owner: 'ops', reason: 'split', scope: 'new', fromMs: null, untilMs: null };
const all: NewHold = { ...hold, scope: 'all' };
const alpacaAccount = { baseUrl: 'https://alpaca.test', accountId: 'ours' };
const id = mintId(alpacaAccount, 'tkr-1');
const signer = transfer.holder;
const lane = { lane: `8453/${signer}`, network: 'base', chainId: 8453, signer } as const;
const body = {
  tokenization_request_id: 'tkr-1',
  qty: '5',
  underlying_symbol: 'AAPL',
  token_symbol: 'tAAPL',
  network: 'base',
  wallet_address: SENDER,
  client_external_account_id: 'client-1',
};

async function open() {
  const kinds = [assetKind, underlyingKind, mintKind, redemptionKind, receiptKind].map((it) =>
    anyKind(it as typeof assetKind),
  );
  const tables = [ASSET_TABLE, VAULT_TABLE, HOLD_TABLE, OWED_TABLE, ...RECEIPT_TABLES];
  const opened = await openTestLedger(kinds, tables);
  const { ledger, store, clock } = opened;
  const { vault } = transfer;
  const data = { underlying: 'AAPL', network: 'base', token: 'tAAPL', chainId: 8453, vault, receipt: vault };
  const asset = await ledger.load(assetKind, assetId('AAPL', 'base'));
  const added = { type: 'AssetAdded', data } as const;
  await ledger.commit({ changes: [change(assetKind, asset, [added])], metadata: OPERATOR });
  const assets = createAssets({ ledger, store, readVault: () => Promise.reject(new Error('not asked')) });
  const holds = createHolds({ ledger, store, clock, random: systemRandom });
  const catalog = createCatalog(assets, holds, new Set(['base']));
  const world: TestWorld = {
    owners: { [SENDER]: 'client-1' },
    ownersThen: null,
    linked: true,
    unavailable: null,
    frozen: 'none',
  };
  /** What happens at the last moment before each commit. */
  const between = { run: async (): Promise<unknown> => null };
  const mint = {
    ledger,
    clock,
    directory: testDirectory(world),
    catalog,
    splits: {
      lastKnown: async () => {
        await between.run();
        return { count: 0n, blockNumber: 1n };
      },
    },
    alpacaAccount,
    laneOf: () => lane.lane,
  };
  const inventory = createInventory({ ledger, store, log: silentLog });
  const { splits } = testSplits();
  const alpaca = testAlpaca();
  const logs = placed([transferLog(vault, SENDER, signer, transfer.amount)]);
  const { blockNumber, blockHash } = transfer;
  const node = {
    getBlock: async () => ({ hash: blockHash }),
    getTransactionReceipt: async () => ({ blockNumber, blockHash, logs }),
  };
  const redemptions = createRedemptionWorker({
    ledger,
    desk: { cancel: async () => {}, forgotten: async () => null, isQuarantined: async () => false },
    clock,
    alpaca: alpaca.client,
    directory: testDirectory(world),
    catalog,
    inventory: {
      available: async () => {
        await between.run();
        return { available: 5n * TOKEN, guard: { name: 'inventory:test', expected: 0 } };
      },
    },
    splits,
    rpcOf: () => ({ pinned: () => node as never }),
    standing: () => ({ kind: 'in_charge' }),
    transfers: { open: () => Promise.reject(new Error('nothing is handed over')) },
  });
  const add = async (events: readonly RedemptionEvent[]): Promise<void> => {
    const loaded = await ledger.load(redemptionKind, REDEMPTION);
    await ledger.commit({ changes: [change(redemptionKind, loaded, events)], metadata: OPERATOR });
  };
  return {
    ...opened,
    assets,
    holds,
    between,
    alpaca,
    add,
    inventory,
    request: (change_: object = {}) => requestMint(mint, { ...body, ...change_ }, undefined),
    confirm: () =>
      confirmMint(
        { ...mint, alarm: () => {} },
        { tokenization_request_id: 'tkr-1', issuer_request_id: id, status: 'completed' },
        undefined,
      ),
    mints: createMintLane({ ledger, inventory, splits, catalog }),
    burns: createRedemptionLane({ ledger, inventory, splits, catalog }),
    step: async () => {
      const row = await opened.work(REDEMPTION);
      if (row === null) throw new Error('no work');
      return redemptions.step(row);
    },
  };
}

const refusedAs = (detail: string) => ({ kind: 'refused', code: 'invalid_token', detail });

describe('a mint request', () => {
  test('is told from each other what it cannot be taken for', async () => {
    const { request, assets, holds } = await open();
    expect(await request({ token_symbol: 'xAAPL' })).toMatchObject(
      refusedAs('AAPL has no token xAAPL on base'),
    );
    await assets.setEnabled('AAPL', 'base', false, OPERATOR);
    expect(await request()).toMatchObject(refusedAs('tAAPL on base is disabled'));
    await assets.setEnabled('AAPL', 'base', true, OPERATOR);
    await holds.place('AAPL', hold, OPERATOR);
    expect(await request()).toMatchObject(refusedAs('AAPL is frozen'));
  });

  test.each([
    ['a hold was placed', 'AAPL is frozen'],
    ['its asset was disabled', 'tAAPL on base is disabled'],
  ])('is refused when %s between its check and its commit', async (what, detail) => {
    const { request, assets, holds, between, types } = await open();
    between.run = () =>
      what === 'a hold was placed'
        ? holds.place('AAPL', hold, OPERATOR)
        : assets.setEnabled('AAPL', 'base', false, OPERATOR);
    expect(await request()).toMatchObject(refusedAs(detail));
    expect(await types(`mint/${id}`)).toEqual([]);
  });

  test('that shares a group of commits with a hold comes before it or not at all', async () => {
    const seen = new Set<string>();
    for (let turns = 0; turns < 40; turns += 1) {
      const { request, holds, store } = await open();
      const requested = request();
      for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
      const [answer] = await Promise.all([requested, holds.place('AAPL', hold, OPERATOR)]);
      const log = (await store.readAll({ after: 0, limit: 10 })).map((it) => it.type);
      const isAccepted = answer.kind === 'accepted';
      expect(log.slice(1)).toEqual(isAccepted ? ['MintRequested', 'HoldPlaced'] : ['HoldPlaced']);
      seen.add(answer.kind);
    }
    expect(seen).toEqual(new Set(['accepted', 'refused']));
  });

  test('is answered as the first time whatever has become of its asset', async () => {
    const { request, assets, holds } = await open();
    const first = await request();
    await assets.setEnabled('AAPL', 'base', false, OPERATOR);
    await holds.place('AAPL', all, OPERATOR);
    expect(await request()).toEqual({ ...first, repeated: true });
  });
});

describe('a journaled mint', () => {
  const journaled = async () => {
    const opened = await open();
    await opened.request();
    await opened.confirm();
    const signed: SignedTransaction = {
      id: 'tx-1',
      lane,
      nonce: 1,
      kind: 'mint',
      vault: transfer.vault,
      operations: [{ id, detail: {} }],
      hashes: ['0x7a'],
    };
    const commit = async () => {
      const { changes } = await opened.mints.signed(signed, []);
      await opened.between.run();
      await opened.ledger.commit({ changes, metadata: { actor: 'engine' } });
    };
    const plan = async () => (await opened.mints.plan([id], lane))[0];
    return { ...opened, commit, plan };
  };

  test('of an asset that was disabled since is signed: its shares have moved', async () => {
    const { assets, plan, commit, ledger } = await journaled();
    await assets.setEnabled('AAPL', 'base', false, OPERATOR);
    expect(await plan()).toMatchObject({ kind: 'plan' });
    await commit();
    expect((await ledger.load(mintKind, id)).state.kind).toBe('submitted');
  });

  test('is planned under a hold on new ones, and waits under one on everything', async () => {
    const { holds, plan, commit, ledger } = await journaled();
    await holds.place('AAPL', hold, OPERATOR);
    expect(await plan()).toMatchObject({ kind: 'plan' });
    const everything = await holds.place('AAPL', all, OPERATOR);
    expect(await plan()).toMatchObject({ kind: 'blocked', code: 'frozen', recheckMs: 240_000 });
    expect(JSON.stringify(await plan())).toContain(`hold ${everything} of ops`);
    await expect(commit()).rejects.toThrow(PlanOutdated);
    await holds.lift('AAPL', everything, OPERATOR);
    await commit();
    expect((await ledger.load(mintKind, id)).state.kind).toBe('submitted');
  });

  test('is not signed when a hold on everything comes between its signature and the commit', async () => {
    const { holds, between, commit, ledger } = await journaled();
    between.run = () => holds.place('AAPL', all, OPERATOR);
    await expect(commit()).rejects.toThrow(VersionConflict);
    expect((await ledger.load(mintKind, id)).state.kind).toBe('journaled');
  });

  test('is not signed when the window of a hold begins after it was planned', async () => {
    const { holds, clock, plan, commit, ledger } = await journaled();
    await plan();
    await holds.place('AAPL', { ...all, fromMs: clock.nowMs() + 1_000 }, OPERATOR);
    clock.advance(1_000);
    await expect(commit()).rejects.toThrow(PlanOutdated);
    expect((await ledger.load(mintKind, id)).state.kind).toBe('journaled');
  });
});

describe('a redemption', () => {
  test('is not asked at Alpaca when a hold comes between its check and its promise', async () => {
    const { add, holds, between, step, types, alpaca } = await open();
    await add([detected]);
    between.run = () => holds.place('AAPL', hold, OPERATOR);
    await expect(step()).rejects.toThrow(VersionConflict);
    between.run = async () => null;
    expect(await step()).toEqual({ kind: 'advanced' });
    expect(await types(`redemption/${REDEMPTION}`)).toEqual(['TransferDetected', 'RedemptionWaiting']);
    expect(alpaca.asked).toEqual([]);
  });

  test('that was promised before is looked up and sent under a hold on new ones', async () => {
    const { add, holds, step, alpaca, types } = await open();
    await add([detected, promised]);
    await holds.place('AAPL', hold, OPERATOR);
    alpaca.answer('findByIssuerRequestId', { kind: 'not_found', refusal: NOT_FOUND });
    alpaca.answer(
      'redeem',
      record({ issuerRequestId: REDEMPTION, quantity: 5n * TOKEN, underlying: 'AAPL', token: 'tAAPL' }),
    );
    await step();
    expect((await types(`redemption/${REDEMPTION}`)).at(-1)).toBe('RedemptionRequested');
  });

  test('that was promised before is not sent again under a hold on everything, and says why', async () => {
    const { add, holds, step, alpaca } = await open();
    await add([detected, promised]);
    await holds.place('AAPL', all, OPERATOR);
    alpaca.answer('findByIssuerRequestId', { kind: 'not_found', refusal: NOT_FOUND });
    expect(await step()).toMatchObject({ kind: 'failed', error: { code: 'frozen' } });
    expect(alpaca.asked.map((it) => it.call)).toEqual(['findByIssuerRequestId']);
  });

  test('is not burned when a hold on everything comes between its signature and the commit', async () => {
    const { add, holds, burns, inventory, ledger } = await open();
    await add(toJournal);
    expect(inventory).toBeDefined();
    const detail = { picks: [], dust: 0n, recipient: SENDER };
    const operations = [{ id: REDEMPTION, detail }];
    const signed = { id: 'tx-1', lane, nonce: 1, kind: 'redemption', vault: transfer.vault } as const;
    await holds.place('AAPL', all, OPERATOR);
    await expect(burns.signed({ ...signed, operations, hashes: ['0x7a'] }, [])).rejects.toThrow(PlanOutdated);
    expect(await burns.plan([REDEMPTION], lane)).toMatchObject([{ kind: 'blocked', code: 'frozen' }]);
    expect((await ledger.load(redemptionKind, REDEMPTION)).state.kind).toBe('journaled');
  });
});

test('what is frozen and disabled is counted apart, and nothing is called ok when it cannot be told', async () => {
  const { assets, holds, store } = await open();
  expect(await availabilityVerdict(assets, holds)).toBe('ok');
  await holds.place('AAPL', all, OPERATOR);
  await assets.setEnabled('AAPL', 'base', false, OPERATOR);
  const verdict = 'frozen: 1 underlyings, 1 of them wholly; disabled: 1 assets';
  expect(await availabilityVerdict(assets, holds)).toBe(verdict);
  await store.close();
  await expect(availabilityVerdict(assets, holds)).rejects.toMatchObject({ code: 'store_closed' });
});

const NOT_FOUND = { status: 404, code: 40410000, message: 'not found', requestId: 'r-1' };
