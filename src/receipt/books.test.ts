import { describe, expect, test } from 'vitest';
import type { Row } from '../event-store/event-store.ts';
import { receiptTransferLog, withdrawLog } from '../chain/watcher/fake-chain.ts';
import { NETWORK, USER, WALLET } from '../chain/watcher/watch-harness.ts';
import { CALL_TABLE } from '../transaction/calls/call-kind.ts';
import { laneId } from '../transaction/lane-id.ts';
import { TRANSACTION_TABLE } from '../transaction/transaction-kind.ts';
import {
  CHAIN_ID,
  createBooks,
  deposit,
  information,
  MINT,
  OTHER_SIGNER,
  pick,
  stocked,
  vault,
} from './books-harness.ts';
import { createInventory } from './inventory.ts';

describe('deposits', () => {
  test('of ours are found by the operation id, for ever', async () => {
    const books = await stocked(100n);
    expect(await books.inventory.depositOf(MINT)).toMatchObject({
      receiptId: 1n,
      shares: 100n,
      sender: WALLET,
    });
    books.holds(1n, 0n);
    await books.happen(withdrawLog(vault.vault, { sender: USER, owner: WALLET, shares: 100n, id: 1n }));
    expect(await books.available()).toBe(0n);
    expect(await books.inventory.depositOf(MINT)).toMatchObject({ receiptId: 1n });
  });

  test('of a stranger with the id of our operation are inventory, and never evidence', async () => {
    const books = await createBooks();
    books.holds(1n, 100n);
    await books.happen(deposit(1n, 100n, USER), deposit(2n, 50n, USER, USER));
    expect(await books.inventory.depositOf(MINT)).toBeNull();
    expect(await books.available()).toBe(100n);
  });

  test('count only once their balance was read, so that a receipt burned since counts for nothing', async () => {
    const books = await createBooks();
    books.chain.mine(1, [deposit(1n, 100n)]);
    books.chain.mine(1);
    await books.settle('head');
    expect(books.woken).toContain('inventory:base');
    expect(await books.available()).toBe(0n);
    books.holds(1n, 30n);
    await books.read();
    expect(await books.available()).toBe(30n);
  });

  test('recorded by their lane first are the same to the watcher, and wait for it to be read', async () => {
    const books = await createBooks();
    books.holds(1n, 100n);
    const log = deposit(1n, 100n);
    books.chain.mine(1, [log]);
    books.chain.mine(1);
    const fact = {
      chainId: CHAIN_ID,
      vault: vault.vault,
      receiptId: 1n,
      sender: WALLET,
      owner: WALLET,
      shares: 100n,
      information,
      operationId: MINT,
      blockNumber: 1n,
      transactionHash: log.transactionHash,
      ordinal: 0,
    };
    const change = await books.inventory.deposited(fact);
    if (change === null) throw new Error('a new deposit is a change');
    await books.commit([change]);
    expect(await books.inventory.deposited(fact)).toBeNull();
    await books.settle('head');
    await books.settle('final');
    expect(books.alarms()).toEqual([]);
    expect(await books.store.readStream(`receipt/${CHAIN_ID}/${vault.vault}/1`)).toHaveLength(1);
    await books.read();
    expect(await books.available()).toBe(100n);
  });
});

describe('what is available', () => {
  test('is balances less reservations and promises', async () => {
    const books = await stocked(100n, 50n, 7n);
    await books.store.commit({
      appends: [],
      writes: () => [
        {
          op: 'insert',
          table: 'promise',
          row: { redemption_id: 'r9', chain_id: CHAIN_ID, vault: vault.vault, holder: WALLET, shares: 20n },
        },
      ],
      metadata: { actor: 'test' },
    });
    await books.commit(await books.inventory.reserve('r1', 't1', CHAIN_ID, vault.vault, [pick(1n, 60n)]));
    expect(await books.available()).toBe(157n - 60n - 20n);
    const enough = await books.inventory.available(CHAIN_ID, vault.vault, WALLET, 10n);
    expect(enough.available).toBeGreaterThanOrEqual(10n);
    expect((await books.inventory.available(CHAIN_ID, vault.vault, OTHER_SIGNER)).available).toBe(0n);
  });

  test('never counts shares that go from a reservation back to a promise while it is computed', async () => {
    const books = await stocked(100n);
    const place = [CHAIN_ID, vault.vault, [pick(1n, 60n)]] as const;
    await books.commit(await books.inventory.reserve('r1', 't1', ...place));
    const released = await books.inventory.release('r1', ...place, 'reverted');
    let isReleased = false;
    const find: typeof books.store.find = async (query) => {
      if (query.table === 'receipt' && !isReleased) {
        isReleased = true;
        const place = { chain_id: CHAIN_ID, vault: vault.vault, holder: WALLET };
        const row = { redemption_id: 'r1', ...place, shares: 60n };
        const writes = [{ op: 'insert', table: 'promise', row } as const];
        await books.ledger.commit({ changes: released, writes, metadata: { actor: 'test' } });
      }
      return books.store.find(query);
    };
    const { ledger, log } = books;
    const inventory = createInventory({ ledger, log, store: { ...books.store, find } });
    expect((await inventory.available(CHAIN_ID, vault.vault, WALLET)).available).toBe(40n);
  });

  test('two decisions on the same inventory cannot both be committed', async () => {
    const books = await stocked(100n);
    const [one, two] = await Promise.all(
      [1, 2].map(() => books.inventory.available(CHAIN_ID, vault.vault, WALLET)),
    );
    if (one === undefined || two === undefined) throw new Error('two answers');
    const promise = (guard: { readonly name: string; readonly expected: number }) =>
      books.ledger.commit({ changes: [], guards: [guard], metadata: { actor: 'test' } });
    await promise(one.guard);
    await expect(promise(two.guard)).rejects.toMatchObject({ code: 'guard_conflict' });
  });

  test('a balance that sinks makes a decision that counted on it fail', async () => {
    const books = await stocked(100n);
    const { guard } = await books.inventory.available(CHAIN_ID, vault.vault, WALLET);
    books.holds(1n, 10n);
    await books.happen(withdrawLog(vault.vault, { sender: USER, owner: WALLET, shares: 90n, id: 1n }));
    const commit = books.ledger.commit({ changes: [], guards: [guard], metadata: { actor: 'test' } });
    await expect(commit).rejects.toMatchObject({ code: 'guard_conflict' });
  });
});

describe('receipts for a burn', () => {
  test.each([
    [40n, [[2n, 40n]], 40n],
    [60n, [[3n, 60n]], 60n],
    [
      130n,
      [
        [3n, 100n],
        [2n, 30n],
      ],
      130n,
    ],
    [
      500n,
      [
        [3n, 100n],
        [2n, 50n],
        [1n, 7n],
      ],
      157n,
    ],
  ])(
    'for %d shares are the smallest that suffices, else the largest first',
    async (shares, picks, covered) => {
      const books = await stocked(7n, 50n, 100n);
      const chosen = await books.inventory.choose(CHAIN_ID, vault.vault, WALLET, shares);
      expect(chosen.picks.map((it) => [it.receiptId, it.shares])).toEqual(picks);
      expect(chosen.covered).toBe(covered);
      expect(chosen.picks.every((it) => it.information === information)).toBe(true);
    },
  );

  test('at most so many as fit one transaction', async () => {
    const books = await stocked(7n, 50n, 100n);
    expect(await books.inventory.choose(CHAIN_ID, vault.vault, WALLET, 157n, 2)).toMatchObject({
      covered: 150n,
    });
  });

  test('are counted and chosen however many there are', async () => {
    const books = await stocked(...Array.from({ length: 620 }, () => 1n));
    for (let rounds = 0; rounds < 6; rounds += 1) await books.read();
    expect(await books.available()).toBe(620n);
  });

  test('two burns that chose the same receipt cannot both reserve it', async () => {
    const books = await stocked(100n);
    const reserve = (id: string) => books.inventory.reserve(id, 't', CHAIN_ID, vault.vault, [pick(1n, 100n)]);
    const [one, two] = await Promise.all([reserve('r1'), reserve('r2')]);
    await books.commit(one ?? []);
    await expect(books.commit(two ?? [])).rejects.toMatchObject({ code: 'version_conflict' });
    await expect(reserve('r2')).rejects.toMatchObject({ code: 'receipt_short' });
  });
});

describe('a burn of ours', () => {
  test('is explained while pending, and exact once settled', async () => {
    const books = await stocked(100n);
    await books.commit(await books.inventory.reserve('r1', 't1', CHAIN_ID, vault.vault, [pick(1n, 60n)]));
    books.holds(1n, 40n);
    const burn = withdrawLog(vault.vault, { sender: WALLET, owner: WALLET, shares: 60n, id: 1n });
    await books.happen(burn);
    books.later(60_000);
    await books.read();
    expect(await books.available()).toBe(40n);
    const at = { transactionHash: burn.transactionHash, blockNumber: books.chain.head() - 1n };
    await books.commit(await books.inventory.burned('r1', CHAIN_ID, vault.vault, [pick(1n, 60n)], at));
    await books.read();
    await books.happen();
    await books.settle('final');
    expect([await books.available(), books.alarms()]).toEqual([40n, []]);
    expect((await books.verify()).differences).toEqual([]);
    const events = await books.store.readStream(`receipt/${CHAIN_ID}/${vault.vault}/1`);
    expect(events.map((it) => it.type)).toEqual([
      'ReceiptDeposited',
      'BalanceRead',
      'ReceiptReserved',
      'ReceiptBurned',
      'BalanceRead',
    ]);
    const ours = [{ chainId: CHAIN_ID, vault: vault.vault }];
    expect(await books.inventory.list(ours, { limit: 10, after: null })).toMatchObject({
      items: [
        { vault: vault.vault, receipts: [{ receiptId: 1n, balance: 40n, reserved: 0n, holder: WALLET }] },
      ],
      next: null,
    });
  });

  test('that comes to nothing releases what it reserved', async () => {
    const books = await stocked(100n);
    await books.commit(await books.inventory.reserve('r1', 't1', CHAIN_ID, vault.vault, [pick(1n, 60n)]));
    const why = 'reverted';
    await books.commit(await books.inventory.release('r1', CHAIN_ID, vault.vault, [pick(1n, 60n)], why));
    await books.read();
    expect(await books.available()).toBe(100n);
  });

  test('short of its receipt, since others burned it first, raises one alarm', async () => {
    const books = await stocked(100n);
    await books.commit(await books.inventory.reserve('r1', 't1', CHAIN_ID, vault.vault, [pick(1n, 60n)]));
    books.holds(1n, 10n);
    await books.happen(withdrawLog(vault.vault, { sender: USER, owner: WALLET, shares: 90n, id: 1n }));
    books.later(60_000);
    await books.read();
    expect(books.alarms()).toEqual(['a receipt holds less than signed burns have reserved']);
  });
});

describe('the chain outside our burns', () => {
  test('receipts sent out and in are read again, whoever of ours holds them then', async () => {
    const books = await stocked(100n);
    books.holds(1n, 0n);
    const { receipt } = vault;
    await books.happen(receiptTransferLog(receipt, { from: WALLET, to: USER, id: 1n, amount: 100n }));
    expect(await books.available()).toBe(0n);
    books.holds(1n, 80n, OTHER_SIGNER);
    await books.happen(receiptTransferLog(receipt, { from: USER, to: OTHER_SIGNER, id: 1n, amount: 80n }));
    const others = await books.inventory.available(CHAIN_ID, vault.vault, OTHER_SIGNER);
    expect([await books.available(), others.available]).toEqual([0n, 80n]);
  });

  test('a rebase, which emits nothing, is found by the sweep', async () => {
    const books = await stocked(100n);
    books.holds(1n, 400n);
    await books.read();
    expect(await books.available()).toBe(100n);
    books.later(60_000);
    await books.read();
    expect(await books.available()).toBe(400n);
    expect(books.log.entries.filter((it) => it.level === 'warn')).toHaveLength(1);
  });

  test('a reading as of a block that a reorg replaced is thrown away', async () => {
    const books = await stocked(100n);
    books.holds(1n, 5n);
    books.later(60_000);
    for (const node of books.chain.nodes) node.forkFrom = 1n;
    expect(await books.read()).toEqual({ kind: 'later', delayMs: 500 });
    expect(await books.available()).toBe(100n);
  });

  test('is compared on demand, and what differed is told', async () => {
    const books = await stocked(100n, 50n);
    expect(await books.reconciliation.reconcile()).toEqual([]);
    books.holds(2n, 45n);
    books.shares.held = 3n;
    expect(await books.reconciliation.reconcile(NETWORK)).toMatchObject([
      { kind: 'receipt', receiptId: 2n, balanceBefore: 50n, balance: 45n },
      { kind: 'shares', shares: 3n, owed: 0n },
    ]);
    books.chain.mine(200);
    expect(await books.reconciliation.reconcile(NETWORK)).toMatchObject([{ kind: 'not_compared' }]);
    await expect(books.reconciliation.reconcile('mars')).rejects.toMatchObject({
      code: 'network_not_configured',
    });
  });
});

describe('shares in the wallet', () => {
  const ALARM = 'the wallet does not hold the shares that it owes';

  test('that differ twice in a row from what is owed raise one alarm', async () => {
    const books = await stocked(100n);
    books.shares.held = 5n;
    const alarms: number[] = [];
    for (let looks = 0; looks < 3; looks += 1) {
      books.later(60_000);
      await books.read();
      alarms.push(books.alarms().filter((it) => it === ALARM).length);
    }
    expect(alarms).toEqual([0, 1, 1]);
    books.shares.owed = 5n;
    books.later(60_000);
    await books.read();
    expect(await books.store.find({ table: 'vault_balance', limit: 1 })).toMatchObject([{ mismatches: 0 }]);
  });

  test.each(['transaction', 'call'])(
    'are not compared as of a block before one in which a %s of ours burned',
    async (what) => {
      const books = await stocked(100n);
      const number = books.chain.head();
      // The lane reads the head, the watcher is a block behind: the shares are burned, and still there at its block.
      books.shares.held = 5n;
      const settledIn = (block: bigint): { readonly table: string; readonly row: Row } => {
        const lane = laneId(CHAIN_ID, WALLET);
        const row = { lane, phase: 'mined', block_number: Number(block), greatest_cost: 1n };
        if (what === 'call') {
          const call = { operation_id: 'r1', attempt: 1, external_id: 'r1-1', since_ms: 1 };
          return { table: CALL_TABLE.name, row: { ...row, id: `${lane}/r1/1`, ...call } };
        }
        const own = { network: NETWORK, chain_id: CHAIN_ID, signer: WALLET, nonce: 0, hash: '0x01' };
        return { table: TRANSACTION_TABLE.name, row: { ...row, id: `${lane}/0`, ...own } };
      };
      const settle = (block: bigint) =>
        books.store.commit({
          appends: [],
          writes: () => [{ op: 'upsert', ...settledIn(block) }],
          metadata: { actor: 'test' },
        });
      const look = async (): Promise<void> => {
        books.later(60_000);
        await books.read();
      };
      await settle(number + 1n);
      for (let looks = 0; looks < 3; looks += 1) await look();
      expect(books.alarms()).toEqual([]);
      await settle(1n);
      for (let looks = 0; looks < 2; looks += 1) await look();
      expect(books.alarms()).toEqual([ALARM]);
    },
  );

  test('are not compared while a burn is pending or something is in flight', async () => {
    const books = await stocked(100n);
    books.shares.held = 5n;
    books.shares.owed = null;
    for (let looks = 0; looks < 3; looks += 1) {
      books.later(60_000);
      await books.read();
    }
    books.shares.owed = 0n;
    await books.commit(await books.inventory.reserve('r1', 't1', CHAIN_ID, vault.vault, [pick(1n, 60n)]));
    for (let looks = 0; looks < 3; looks += 1) {
      books.later(60_000);
      await books.read();
    }
    expect(books.alarms()).toEqual([]);
  });
});
