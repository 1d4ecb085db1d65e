import type { Hex } from 'viem';
import { describe, expect, test } from 'vitest';
import type { TransactionReceipt } from '../chain/rpc/types.ts';
import { anyKind } from '../event-store/create-ledger.ts';
import { UniqueViolation } from '../event-store/errors.ts';
import { change } from '../event-store/ledger.ts';
import { openTestLedger, testCatalog } from '../operation/test-ledger.ts';
import type { TestWorld } from '../operation/test-ledger.ts';
import { RpcFailure } from '../primitives/failures.ts';
import { createInventory } from '../receipt/inventory.ts';
import { receiptKind, RECEIPT_TABLES } from '../receipt/receipt-kind.ts';
import { testSplits } from '../receipt/test-splits.ts';
import type { Plan, PlanResult, SignedTransaction } from '../transaction/lane-feature.ts';
import { depositLogs, placed, transferLog } from '../vault/log-samples.ts';
import type { LogBody } from '../vault/log-samples.ts';
import { encodeReceiptInformation } from '../vault/receipt-information.ts';
import { createMintLane } from './lane.ts';
import { mintKind } from './mint-kind.ts';
import type { MintEvent } from './state.ts';

const ids = ['6b0f0b2e-0000-5000-8000-000000000001', '6b0f0b2e-0000-5000-8000-000000000002'] as const;
const vault = '0x00000000000000000000000000000000000000cc';
const receiptContract = '0x00000000000000000000000000000000000000ee';
const signer = '0x0000000000000000000000000000000000000001';
const wallet = '0x00000000000000000000000000000000000000aa';
const lane = { lane: `8453/${signer}`, network: 'base', chainId: 8453, signer } as const;
const asset = { underlying: 'AAPL', token: 'tAAPL', network: 'base', chainId: 8453, vault } as const;
const SHARES = 5n * 10n ** 18n;

async function open(count = 2) {
  const opened = await openTestLedger([anyKind(mintKind), anyKind(receiptKind)], RECEIPT_TABLES);
  const { ledger, store } = opened;
  const world: TestWorld = { owners: {}, ownersThen: null, linked: true, unavailable: null, frozen: 'none' };
  const silent = { debug() {}, info() {}, warn() {}, error() {}, child: () => silent };
  const inventory = createInventory({ ledger, store, log: silent });
  const { splits, told, asked } = testSplits();
  const feature = createMintLane({ ledger, inventory, splits, catalog: testCatalog(world, asset) });
  const commit = async (outcome: { readonly changes: Parameters<typeof ledger.commit>[0]['changes'] }) => {
    await ledger.commit({ changes: outcome.changes, metadata: { actor: 'test' } });
  };
  const add = async (id: string, events: readonly MintEvent[]) => {
    const loaded = await ledger.load(mintKind, id);
    await commit({ changes: [change(mintKind, loaded, events)] });
  };
  for (const id of ids.slice(0, count)) await add(id, journaled(id));
  return {
    ...opened,
    world,
    told,
    asked,
    inventory,
    feature,
    commit,
    add,
    state: async (id: string) => (await ledger.load(mintKind, id)).state,
  };
}

function journaled(id: string): readonly MintEvent[] {
  const terms = { ...asset, tokenizationRequestId: `tkr-${id}`, quantity: SHARES, wallet } as const;
  const fixed = { source: 'request', splits: { count: 0n, blockNumber: 1n } } as const;
  const client = { clientId: 'client-1', namedClient: { field: 'client_id', value: 'client-1' } } as const;
  return [
    { type: 'MintRequested', data: { ...terms, ...client, ...fixed, requestedAtMs: 1_000 } },
    { type: 'JournalCompleted', data: { lane: lane.lane } },
  ];
}

function plansOf(results: readonly PlanResult[]): readonly Plan[] {
  return results.flatMap((it) => (it.kind === 'plan' ? [it.plan] : []));
}

function transaction(plans: readonly Plan[], id = 'tx-1'): SignedTransaction {
  const operations = plans.map((it) => ({ id: it.operationId, detail: it.detail }));
  return { id, lane, nonce: 4, kind: 'mint', vault, operations, hashes: ['0x7a'] };
}

/** The logs of one mint, as the contracts emit them. */
function mintLogs(
  operationId: string,
  receiptId: bigint,
  shares = SHARES,
  to: Hex = wallet,
): readonly LogBody[] {
  const information = encodeReceiptInformation({
    tokenization_request_id: `tkr-${operationId}`,
    issuer_request_id: operationId,
    underlying: 'AAPL',
    quantity: '5',
    timestamp: '1970-01-01T00:00:01.000Z',
    notes: null,
  });
  const deposit = { sender: signer, owner: signer, shares, id: receiptId, information } as const;
  return [...depositLogs(vault, receiptContract, deposit), transferLog(vault, signer, to, shares)];
}

function receiptOf(bodies: readonly LogBody[]): TransactionReceipt {
  const logs = placed(bodies).map((it) => ({ ...it, removed: false, transactionIndex: 0 }));
  const [first] = logs;
  if (first === undefined) throw new Error('no logs');
  return {
    transactionHash: first.transactionHash,
    status: 1,
    blockNumber: first.blockNumber,
    blockHash: first.blockHash,
    gasUsed: 1n,
    effectiveGasPrice: 1n,
    from: signer,
    to: vault,
    logs,
  };
}

describe('planning mints', () => {
  test('deposits to the signer with the operation id in the information, then transfers', async () => {
    const { feature } = await open();
    const plans = plansOf(await feature.plan(ids, lane));
    expect(plans.map((it) => it.operationId)).toEqual(ids);
    expect(plans[0]).toMatchObject({ vault, batchKey: vault, detail: { shares: SHARES, recipient: wallet } });
    expect(plans[0]?.calls).toHaveLength(2);
  });

  test('shares no transaction any more after a revert', async () => {
    const { feature, commit } = await open();
    const tx = transaction(plansOf(await feature.plan(ids, lane)));
    await commit(await feature.signed(tx, []));
    await commit(await feature.release(tx, { kind: 'reverted', text: 'out of gas' }));
    expect(plansOf(await feature.plan(ids, lane)).map((it) => it.batchKey)).toEqual([null, null]);
  });

  test('waits under a freeze of everything, not under one of new requests', async () => {
    const { feature, world } = await open(1);
    world.frozen = 'new';
    expect(await feature.plan([ids[0]], lane)).toMatchObject([{ kind: 'plan' }]);
    world.frozen = 'all';
    expect(await feature.plan([ids[0]], lane)).toMatchObject([{ kind: 'blocked', code: 'frozen' }]);
    world.frozen = 'unknown';
    await expect(feature.plan([ids[0]], lane)).rejects.toThrow(/holds cannot be read/);
  });

  test('holds a mint whose deposit is on chain already, and never mints it again', async () => {
    const { feature, inventory, commit, state } = await open(1);
    const fact = {
      chainId: 8453,
      vault,
      receiptId: 9n,
      sender: signer,
      owner: signer,
      shares: SHARES,
    } as const;
    const rest = {
      information: '0x',
      operationId: ids[0],
      blockNumber: 1n,
      transactionHash: '0x99',
      ordinal: 0,
    } as const;
    const deposited = await inventory.deposited({ ...fact, ...rest });
    await commit({ changes: deposited === null ? [] : [deposited] });
    const [result] = await feature.plan([ids[0]], lane);
    expect(result).toMatchObject({ kind: 'changes' });
    if (result?.kind === 'changes') await commit(result);
    expect(await state(ids[0])).toMatchObject({ kind: 'held', from: { kind: 'journaled' } });
  });

  test('asks each vault for its split count once, and holds every mint of one that split', async () => {
    const { feature, told, asked, ledger, state, store } = await open();
    expect(plansOf(await feature.plan(ids, lane))).toHaveLength(2);
    expect(asked()).toBe(1);
    Object.assign(told, { count: 1n, blockNumber: 12n });
    for (const result of await feature.plan(ids, lane)) {
      if (result.kind !== 'changes') throw new Error(result.kind);
      const { changes, writes = [] } = result;
      await ledger.commit({ changes, writes, metadata: { actor: 'test' } });
    }
    const why = 'the vault split between block 1 and block 12: 0 → 1; quantities must be judged by a person';
    for (const id of ids) expect(await state(id)).toMatchObject({ kind: 'held', why });
    // The requests that come next are of the time after it.
    expect(await store.find({ table: 'split_count', limit: 9 })).toMatchObject([
      { chain_id: 8453, vault, count: 1n, block_number: 12 },
    ]);
  });

  test('waits for a node that is as far as the one that was asked before', async () => {
    const { feature, told } = await open(1);
    Object.assign(told, { count: 1n, blockNumber: 0n });
    expect(await feature.plan([ids[0]], lane)).toMatchObject([{ kind: 'blocked', code: 'node_behind' }]);
    told.failure = new RpcFailure('gone', { kind: 'unreachable', method: 'eth_call' });
    await expect(feature.plan([ids[0]], lane)).rejects.toBe(told.failure);
  });

  test('a vault that splits between planning and signing keeps the batch from being signed', async () => {
    const { feature, told, state } = await open();
    const tx = transaction(plansOf(await feature.plan(ids, lane)));
    told.count = 1n;
    await expect(feature.signed(tx, [])).rejects.toMatchObject({ code: 'vault_split' });
    expect(await state(ids[0])).toMatchObject({ kind: 'journaled' });
  });

  test('leaves alone what is not ready', async () => {
    const { feature, add } = await open(1);
    await add(ids[0], [{ type: 'MintHeld', data: { why: 'x' } }]);
    expect(await feature.plan([ids[0]], lane)).toMatchObject([{ kind: 'blocked', code: 'not_ready' }]);
    expect(await feature.plan([ids[1]], lane)).toMatchObject([{ kind: 'blocked', code: 'not_ready' }]);
  });
});

describe('settling mints', () => {
  async function signed() {
    const opened = await open();
    const tx = transaction(plansOf(await opened.feature.plan(ids, lane)));
    await opened.commit(await opened.feature.signed(tx, []));
    return { ...opened, tx };
  }
  const asPlanned = receiptOf([...mintLogs(ids[0], 3n), ...mintLogs(ids[1], 4n)]);

  test('records each effect, its claim and its receipt in one commit', async () => {
    const { feature, tx, commit, state, store, inventory } = await signed();
    expect(await state(ids[0])).toMatchObject({ kind: 'submitted', transactionId: 'tx-1' });
    const outcome = await feature.settle(tx, asPlanned);
    expect(outcome.kind).toBe('settled');
    await commit(outcome);
    expect(await state(ids[1])).toMatchObject({ kind: 'minted', effect: { receiptId: 4n, ordinal: 1 } });
    const claims = await store.find({ table: 'effect', orderBy: [['ordinal', 'asc']], limit: 9 });
    expect(claims.map((it) => [it['operation_id'], it['ordinal'], it['kind']])).toEqual([
      [ids[0], 0, 'deposit'],
      [ids[1], 1, 'deposit'],
    ]);
    expect(await inventory.depositOf(ids[0])).toMatchObject({ receiptId: 3n, shares: SHARES });
    expect((await feature.settle(tx, asPlanned)).changes).toEqual([]);
  });

  test.each([
    ['another amount', [...mintLogs(ids[0], 3n, SHARES - 1n), ...mintLogs(ids[1], 4n)]],
    ['another recipient', [...mintLogs(ids[0], 3n, SHARES, signer), ...mintLogs(ids[1], 4n)]],
    ['the ids in another order', [...mintLogs(ids[1], 3n), ...mintLogs(ids[0], 4n)]],
  ])('with %s holds every operation', async (_name, bodies) => {
    const { feature, tx, commit, state } = await signed();
    const outcome = await feature.settle(tx, receiptOf(bodies));
    expect(outcome.kind).toBe('unexpected');
    await commit(outcome);
    expect((await state(ids[0])).kind).toBe('held');
    expect((await state(ids[1])).kind).toBe('held');
  });

  test('what of an unexpected transaction can be proven is still counted underneath the hold', async () => {
    const { feature, tx, commit, state } = await signed();
    await commit(await feature.settle(tx, receiptOf([...mintLogs(ids[0], 3n), ...mintLogs(ids[1], 4n, 1n)])));
    expect(await state(ids[0])).toMatchObject({ kind: 'held', from: { kind: 'minted' } });
    expect(await state(ids[1])).toMatchObject({ kind: 'held', from: { kind: 'submitted' } });
  });

  test('a second effect of one mint stops the vault, and the others of the batch count', async () => {
    const { feature, tx, commit, state, add, inventory } = await signed();
    const elsewhere = { transactionHash: '0x99', blockNumber: 5n, blockHash: '0xb5' } as const;
    const first = { ordinal: 0, receiptId: 2n, shares: SHARES, transactionId: null };
    await add(ids[0], [{ type: 'Minted', data: { ...elsewhere, ...first } }]);
    const outcome = await feature.settle(tx, asPlanned);
    expect(outcome).toMatchObject({ kind: 'unexpected' });
    await commit(outcome);
    expect(await state(ids[0])).toMatchObject({
      kind: 'held',
      from: { kind: 'minted', effect: { receiptId: 2n } },
    });
    expect(await state(ids[1])).toMatchObject({ kind: 'minted', effect: { receiptId: 4n } });
    expect(await inventory.depositOf(ids[0])).toMatchObject({ receiptId: 3n });
  });

  test('that vanishes gives its claim back, and settles again', async () => {
    const { feature, tx, commit, state, store } = await signed();
    await commit(await feature.settle(tx, asPlanned));
    await commit(await feature.unsettle(tx, 'reorg'));
    expect(await state(ids[0])).toMatchObject({ kind: 'submitted', transactionId: 'tx-1' });
    expect(await store.count({ table: 'effect' })).toBe(0);
    await commit(await feature.settle(tx, asPlanned));
    expect(await state(ids[0])).toMatchObject({ kind: 'minted' });
  });

  test('an effect that another operation claimed refuses the commit', async () => {
    const { feature, tx, commit, ledger } = await signed();
    const [other] = [{ id: '6b0f0b2e-0000-5000-8000-000000000009' }];
    const loaded = await ledger.load(mintKind, other.id);
    const effect = {
      transactionHash: asPlanned.transactionHash,
      blockNumber: 7n,
      blockHash: asPlanned.blockHash,
    };
    const claimed: MintEvent = {
      type: 'Minted',
      data: { ...effect, ordinal: 1, receiptId: 4n, shares: SHARES, transactionId: null },
    };
    await commit({ changes: [change(mintKind, loaded, [...journaled(other.id), claimed])] });
    await expect(commit(await feature.settle(tx, asPlanned))).rejects.toBeInstanceOf(UniqueViolation);
  });
});

describe('a forgotten mint', () => {
  test('is settled by its tag, from before its journal too, and what is unknown is named', async () => {
    const { feature, commit, state, add } = await open(1);
    const [requested] = journaled(ids[1]);
    await add(ids[1], requested === undefined ? [] : [requested]);
    const stranger = '6b0f0b2e-0000-5000-8000-00000000000f';
    const bodies = [...mintLogs(ids[0], 3n), ...mintLogs(ids[1], 4n), ...mintLogs(stranger, 5n)];
    const found = { lane, vault, operationIds: [...ids, stranger] } as const;
    const outcome = await feature.settleFound(found, receiptOf(bodies));
    expect(outcome.unexplained).toEqual([stranger]);
    await commit(outcome);
    expect(await state(ids[0])).toMatchObject({ kind: 'minted', effect: { transactionId: null } });
    expect(await state(ids[1])).toMatchObject({ kind: 'minted', mint: { journal: 'awaited' } });
    expect(await feature.settleFound(found, receiptOf(bodies))).toMatchObject({
      unexplained: [stranger],
      changes: [],
    });
  });

  test('that does not match is left to a person', async () => {
    const { feature, state } = await open(1);
    const found = { lane, vault, operationIds: [ids[0]] } as const;
    const outcome = await feature.settleFound(found, receiptOf(mintLogs(ids[0], 3n, 1n)));
    expect(outcome).toMatchObject({ unexplained: [ids[0]], changes: [] });
    expect(await state(ids[0])).toMatchObject({ kind: 'journaled' });
  });

  test('beside an effect that is counted already is a second mint, and unexplained', async () => {
    const { feature, commit } = await open(1);
    const found = { lane, vault, operationIds: [ids[0]] } as const;
    await commit(await feature.settleFound(found, receiptOf(mintLogs(ids[0], 3n))));
    const second = receiptOf(mintLogs(ids[0], 4n));
    const elsewhere = { ...second, transactionHash: '0x99' } as const;
    expect(await feature.settleFound(found, elsewhere)).toMatchObject({ unexplained: [ids[0]] });
  });
});
