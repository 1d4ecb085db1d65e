import type { Address } from 'viem';
import { encodeAbiParameters } from 'viem';
import { expect, test } from 'vitest';
import { NETWORK_TABLE } from '../../chain/watcher/network.ts';
import type { VaultView } from '../../asset/assets.ts';
import { anyKind } from '../../event-store/create-ledger.ts';
import type { Row } from '../../event-store/event-store.ts';
import { change } from '../../event-store/ledger.ts';
import { OPERATION_TABLE } from '../../operation/operation-row.ts';
import { openTestLedger } from '../../operation/test-ledger.ts';
import type { ReceiptEvent } from '../../receipt/receipt.ts';
import { receiptKind, receiptStreamId, RECEIPT_TABLES } from '../../receipt/receipt-kind.ts';
import { recordingLog } from '../../telemetry/log.ts';
import { vaultReads } from '../../vault/reads.ts';
import { createBooksCheck } from './books-check.ts';
import { createDifferences } from './create-differences.ts';
import { DIFFERENCE_TABLE } from './difference.ts';
import { LOOKED_TABLE } from './look-at-deposits.ts';
import { SUPPLY_OPENING_TABLE } from './supply-opening.ts';

const VAULT: Address = `0x${'11'.repeat(20)}`;
const WALLET: Address = `0x${'aa'.repeat(20)}`;
const MINT = '6b0f0b2e-0000-5000-8000-000000000001';
const KEY = `8453/${VAULT}`;
const view: VaultView = {
  chainId: 8453,
  vault: VAULT,
  receipt: `0x${'99'.repeat(20)}`,
  network: 'base',
  underlying: 'AAPL',
  token: 'tAAPL',
  current: true,
};

async function open() {
  const tables = [DIFFERENCE_TABLE, LOOKED_TABLE, SUPPLY_OPENING_TABLE, NETWORK_TABLE, ...RECEIPT_TABLES];
  const { store, ledger, clock } = await openTestLedger([anyKind(receiptKind)], tables);
  const world = { supply: 0n, custody: 0n, minted: 0n, burned: 0n, splits: 0n, isAway: false };
  const log = recordingLog();
  const rpc = {
    getBlock: async () => ({ number: 7n, hash: '0xb7' }),
    call: async ({ data }: { data: string }) => {
      const isSplits = data === vaultReads.completedActionCount.encode();
      return encodeAbiParameters([{ type: 'uint256' }], [isSplits ? world.splits : world.supply]);
    },
  };
  const network = { config: { network: 'base', confirmations: 0 }, rpc: { pinned: () => rpc } } as never;
  const position = () => ({ symbol: 'AAPL', quantity: world.custody, available: null });
  const parts = {
    store,
    log,
    vaults: async () => [view],
    networks: [network],
    alpaca: {
      positions: async () =>
        world.isAway
          ? ({
              kind: 'refused',
              refusal: { status: 500, code: null, message: 'x', requestId: null },
            } as never)
          : ({ kind: 'ok', value: { items: [position()], skipped: 0 }, requestId: null } as const),
    },
    sums: { of: () => ({ minted: world.minted, burned: world.burned }) },
    onCompared: () => {},
  };
  const differences = createDifferences({ store, clock, log, onTold: () => {} });
  const check = createBooksCheck({ ...parts, differences });
  const write = (op: 'upsert' | 'delete', table: string, row: Row) =>
    store.commit({
      appends: [],
      writes: () => [op === 'upsert' ? { op, table, row } : { op, table, key: { id: row['id'] as string } }],
      metadata: { actor: 'test' },
    });
  const errors = () => log.entries.filter((it) => it.level === 'error').map((it) => it.message);
  const operation = (more: Row) =>
    write('upsert', OPERATION_TABLE.name, {
      id: MINT,
      kind: 'mint',
      state: 'submitted',
      since_ms: 1,
      created_ms: 1,
      version: 1,
      underlying: 'AAPL',
      network: 'base',
      chain_id: 8453,
      vault: VAULT,
      qty: 10n,
      ...more,
    });
  const deposited = async (facts: Partial<Extract<ReceiptEvent, { type: 'ReceiptDeposited' }>['data']>) => {
    const loaded = await ledger.load(receiptKind, receiptStreamId(8453, VAULT, 1n));
    const events: ReceiptEvent[] = [
      {
        type: 'ReceiptDeposited',
        data: {
          sender: WALLET,
          owner: WALLET,
          shares: 10n,
          information: '0x',
          operationId: MINT,
          blockNumber: 6n,
          transactionHash: '0x77',
          ordinal: 0,
          ...facts,
        },
      },
      { type: 'BalanceRead', data: { holder: WALLET, balance: 10n, blockNumber: 7n, blockHash: '0xb7' } },
    ];
    await ledger.commit({ changes: [change(receiptKind, loaded, events)], metadata: { actor: 'test' } });
    const row = { network: 'base', chain_id: 8453, state: 'open', since_ms: 1, redemptions_from_block: 5 };
    await write('upsert', NETWORK_TABLE.name, row);
  };
  const empty = async () => {
    const loaded = await ledger.load(receiptKind, receiptStreamId(8453, VAULT, 1n));
    const read: ReceiptEvent = {
      type: 'BalanceRead',
      data: { holder: WALLET, balance: 0n, blockNumber: 8n, blockHash: '0xb8' },
    };
    await ledger.commit({ changes: [change(receiptKind, loaded, [read])], metadata: { actor: 'test' } });
  };
  const standing = async () => (await differences.standing()).map((it) => `${it.kind} ${it.subject}`);
  return { world, check, errors, standing, operation, deposited, empty, write, differences };
}

test('custody is compared by the schedule, twice soon after one another, and then at rest', async () => {
  const { world, check, errors, standing } = await open();
  world.custody = 3n;
  expect(await check.step()).toEqual({ kind: 'later', delayMs: 15_000 });
  expect(errors()).toEqual([]);
  expect(await check.step()).toEqual({ kind: 'later', delayMs: 300_000 });
  await check.step();
  expect(errors()).toEqual(['Alpaca holds another number of shares than tokens are out']);
  // What cannot be read is neither equal nor different.
  world.isAway = true;
  await check.step();
  expect(await standing()).toEqual(['custody AAPL']);
  world.isAway = false;
  world.custody = 0n;
  await check.step();
  expect(await standing()).toEqual([]);
});

test('a supply that the log does not explain is named; what was there before the log is not', async () => {
  const { world, check, standing, differences } = await open();
  Object.assign(world, { supply: 100n, custody: 100n });
  await check.step();
  Object.assign(world, { minted: 20n, burned: 5n, supply: 115n, custody: 115n });
  await check.step();
  expect(await standing()).toEqual([]);
  Object.assign(world, { supply: 118n, custody: 118n });
  await check.step();
  await check.step();
  expect(await standing()).toEqual([`supply ${KEY}`]);
  expect(await differences.standing()).toMatchObject([{ expected: 115n, found: 118n, vault: VAULT }]);
});

test('a split, which changes every balance without an event, begins the comparison anew', async () => {
  const { world, check, standing } = await open();
  Object.assign(world, { supply: 10n, custody: 10n, minted: 10n });
  await check.step();
  Object.assign(world, { supply: 40n, custody: 40n, splits: 1n });
  await check.step();
  await check.step();
  expect(await standing()).toEqual([]);
  Object.assign(world, { supply: 41n, custody: 41n });
  await check.step();
  await check.step();
  expect(await standing()).toEqual([`supply ${KEY}`]);
});

test('what is under way is no difference, whichever way it goes', async () => {
  const { world, check, standing, operation } = await open();
  await check.step();
  await operation({});
  for (const supply of [0n, 10n]) {
    Object.assign(world, { supply, custody: 10n });
    await check.step();
    await check.step();
    expect(await standing()).toEqual([]);
  }
  world.supply = 11n;
  await check.step();
  await check.step();
  expect(await standing()).toEqual(['custody AAPL', `supply ${KEY}`]);
});

test.for([
  ['from somebody else', { operationId: null, sender: `0x${'bb'.repeat(20)}` }],
  ['with the id of no mint', {}],
] as const)('a deposit %s is of no mint, until its shares are gone', async ([, facts]) => {
  const { check, errors, standing, deposited, empty } = await open();
  await deposited(facts);
  await check.step();
  await check.step();
  expect(errors()).toContain('a deposit on one of our vaults is of no mint');
  expect(await standing()).toContain(`deposit ${KEY}/1`);
  await empty();
  await check.step();
  expect(await standing()).not.toContain(`deposit ${KEY}/1`);
});

test.for([
  ['the deposit of a mint', { state: 'completed', tx_hash: '0x77', receipt_id: '1', shares: 10n }, {}],
  ['that of a mint whose end is not recorded yet', { state: 'submitted' }, {}],
  ['one from before the network was opened', { id: 'other' }, { blockNumber: 4n }],
] as const)('%s is explained', async ([, row, facts]) => {
  const { check, standing, deposited, operation } = await open();
  await operation(row);
  await deposited(facts);
  await check.step();
  await check.step();
  expect(await standing()).not.toContain(`deposit ${KEY}/1`);
});

test('a mint that comes to another end leaves its deposit unexplained', async () => {
  const { check, standing, deposited, operation } = await open();
  await operation({});
  await deposited({});
  await check.step();
  await check.step();
  expect(await standing()).toEqual([]);
  await operation({ state: 'closed' });
  // Its events were looked at long ago; what is not settled is looked at again.
  await check.step();
  await check.step();
  expect(await standing()).toContain(`deposit ${KEY}/1`);
});
