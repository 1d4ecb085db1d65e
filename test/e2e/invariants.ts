import type { Address, Hex } from 'viem';
import { decodeFunctionResult, encodeFunctionData } from 'viem';
import { expect } from 'vitest';
import { SCHEMA } from '../../src/app/schema.ts';
import { openSqliteStore } from '../../src/event-store/sqlite/open-sqlite-store.ts';
import { verify } from '../../src/event-store/verify.ts';
import { systemClock, systemTimers } from '../../src/ports/system.ts';
import { formatQuantity, parseQuantity } from '../../src/primitives/quantity.ts';
import type { LocalNetwork } from '../../src/sandbox/local-partners.ts';
import type { TestVault } from '../../src/sandbox/test-vault.ts';
import { receiptAbi } from '../../src/vault/abi.ts';
import type { RawLog, VaultLog } from '../../src/vault/logs.ts';
import { decodeLog } from '../../src/vault/logs.ts';
import { decodeReceiptInformation } from '../../src/vault/receipt-information.ts';
import { readTag } from '../../src/vault/tag.ts';
import type { OperationOnWire, World } from './world.ts';
import { eventually } from './world.ts';

/** What a test did on purpose that the books cannot know. */
export interface Exceptions {
  /** Shares that others deposited, less those that others burned, by token; decimal, may be negative. */
  readonly outside?: Readonly<Record<string, string>>;
  /** Tokens whose balances were split: amounts on chain are no longer those of the operations. */
  readonly split?: readonly string[];
  /** Operations that the test leaves open. */
  readonly open?: readonly string[];
  /** Lanes are left stopped, or vaults of them. */
  readonly lanesStopped?: boolean;
}

const OVER = new Set(['completed', 'rejected', 'recorded', 'closed', 'refunded']);
/** More than any FINALITY that these tests set. */
const BLOCKS_TO_FINALITY = 5;

/**
 * What must hold after every scenario: nothing is left open, each operation had exactly one effect on chain, shares
 * and tokens add up, the books of receipts are the chain's, every view is what the log implies, and Alpaca has
 * nothing to complain of. Waits for work to end and mines what finality needs.
 */
export async function expectSound(world: World, exceptions: Exceptions = {}): Promise<void> {
  await comeToRest(world, exceptions);
  const operations = await world.operations();
  for (const network of world.partners.networks.values()) {
    for (const vault of network.vaults.values()) {
      const own = operations.filter((it) => it.vault === vault.address);
      if (exceptions.split?.includes(vault.symbol) !== true) {
        await expectEffects(world, network, vault, own, parseSigned(exceptions.outside?.[vault.symbol]));
      }
      await expectReceipts(world, network, vault);
    }
  }
  expectShares(world, operations);
  expect(await viewDifferences(world)).toEqual([]);
  expect(world.partners.alpaca.state.complaints).toEqual([]);
}

async function comeToRest(world: World, { open = [], lanesStopped = false }: Exceptions): Promise<void> {
  const unfinished = async (): Promise<readonly OperationOnWire[]> =>
    (await world.operations()).filter((it) => !OVER.has(it.state) && !open.includes(it.id));
  try {
    await eventually(async () => (await unfinished()).length === 0, 'every operation to end');
  } catch (cause) {
    throw new Error(`operations are left open: ${JSON.stringify(await unfinished(), null, 1)}`, { cause });
  }
  const lanes = async (): Promise<readonly LaneOnWire[]> =>
    ((await world.api.call('GET', '/lanes')) as { items: LaneOnWire[] }).items;
  for (const { chain } of world.partners.networks.values()) await chain.mine(BLOCKS_TO_FINALITY);
  await eventually(
    async () => (await lanes()).every((it) => it.pending + it.mined === 0),
    'every transaction to be final',
  );
  if (lanesStopped) return;
  await eventually(
    async () =>
      (await lanes()).every((it) => it.state === 'open' && Object.keys(it.stopped_vaults).length === 0),
    'every lane to be open',
  );
}

/** A lane as `GET /lanes` shows it. */
export interface LaneOnWire {
  readonly lane: string;
  readonly network: string;
  readonly state: string;
  readonly why: { readonly code: string; readonly message: string } | null;
  readonly next_nonce: number;
  readonly chain_nonce: number | null;
  readonly pending: number;
  readonly mined: number;
  readonly balance: string | null;
  readonly stopped_vaults: Readonly<Record<string, string>>;
}

/** Every deposit and burn of our signer belongs to one operation, and every operation has exactly its own. */
async function expectEffects(
  world: World,
  network: LocalNetwork,
  vault: TestVault,
  operations: readonly OperationOnWire[],
  outside: bigint,
): Promise<void> {
  const deposits: [id: string, shares: string][] = [];
  const burned = new Map<string, bigint>();
  for (const log of await vaultLogs(network, vault)) {
    if (log.kind === 'deposit' && log.sender === world.partners.issuerAddress) {
      const information = decodeReceiptInformation(log.information);
      if (information.kind === 'known')
        deposits.push([information.issuer_request_id, formatQuantity(log.shares)]);
    }
    if (log.kind === 'withdraw' && log.sender === world.partners.issuerAddress) {
      const input = await inputOf(network, log.log.transactionHash);
      for (const id of readTag(input)?.operationIds ?? [])
        burned.set(id, (burned.get(id) ?? 0n) + log.shares);
    }
  }
  const minted = operations.filter((it) => it.kind === 'mint' && it.state === 'completed');
  const redeemed = operations.filter((it) => it.kind === 'redemption' && it.state === 'completed');
  const byId = (a: readonly [string, string], b: readonly [string, string]) => (a[0] < b[0] ? -1 : 1);
  expect(deposits.toSorted(byId)).toEqual(minted.map((it) => [it.id, it.qty ?? ''] as const).toSorted(byId));
  expect([...burned].map(([id, shares]) => [id, formatQuantity(shares)] as const).toSorted(byId)).toEqual(
    redeemed.map((it) => [it.id, it.burned ?? ''] as const).toSorted(byId),
  );
  const supply = sum(minted, 'qty') - sum(redeemed, 'burned') + outside;
  expect(formatQuantity((await vault.read('totalSupply')) as bigint)).toBe(formatQuantity(supply));
}

/** The books hold every receipt of the wallet with its balance on chain, and nothing is promised or reserved. */
async function expectReceipts(world: World, network: LocalNetwork, vault: TestVault): Promise<void> {
  const holder = world.partners.issuerAddress;
  const onChain = async (): Promise<readonly (readonly [string, string])[]> => {
    const highest = (await vault.read('highwaterId')) as bigint;
    const found: (readonly [string, string])[] = [];
    for (let id = 1n; id <= highest; id += 1n) {
      const balance = await receiptBalance(network, vault, holder, id);
      if (balance > 0n) found.push([String(id), formatQuantity(balance)]);
    }
    return found;
  };
  const inBooks = async (): Promise<unknown> => {
    const items = await inventoryOf(world, vault);
    expect(items.map((it) => it.promised).filter((it) => it !== '0')).toEqual([]);
    const receipts = items
      .flatMap((it) => it.receipts)
      .filter((it) => it.balance !== '0' || it.reserved !== '0');
    expect(receipts.filter((it) => it.reserved !== '0')).toEqual([]);
    return receipts.map((it) => [it.receipt_id, it.balance]);
  };
  const wanted = JSON.stringify(await onChain());
  try {
    await eventually(async () => JSON.stringify(await inBooks()) === wanted, 'the books of receipts');
  } catch (cause) {
    expect(await inBooks(), String(cause)).toEqual(JSON.parse(wanted));
  }
}

/** A vault's row of `GET /inventory`. */
export interface InventoryOnWire {
  readonly vault: string;
  readonly promised: string;
  readonly receipts: readonly {
    readonly receipt_id: string;
    readonly holder: string | null;
    readonly balance: string | null;
    readonly reserved: string;
  }[];
}

/** What the books say of a vault's receipts. */
export async function inventoryOf(world: World, vault: TestVault): Promise<readonly InventoryOnWire[]> {
  const { items } = (await world.api.call('GET', '/inventory')) as { items: InventoryOnWire[] };
  return items.filter((it) => it.vault === vault.address);
}

/** A holder's balance of a receipt on chain, in 10⁻¹⁸. */
export async function receiptBalance(
  { chain }: LocalNetwork,
  vault: TestVault,
  holder: Address,
  id: bigint,
): Promise<bigint> {
  const data = encodeFunctionData({ abi: receiptAbi, functionName: 'balanceOf', args: [holder, id] });
  const answer = (await chain.rpc('eth_call', [{ to: vault.receipt, data }, 'latest'])) as Hex;
  return decodeFunctionResult({ abi: receiptAbi, functionName: 'balanceOf', data: answer });
}

/** Shares only move between the AP and custody, and custody holds what is minted and not redeemed. */
function expectShares(world: World, operations: readonly OperationOnWire[]): void {
  const { ap, state } = world.partners.alpaca;
  const completed = operations.filter((it) => it.state === 'completed');
  const underlyings = new Set(completed.map((it) => String(it['underlying'])));
  for (const symbol of underlyings) {
    const own = completed.filter((it) => it['underlying'] === symbol);
    const custody = state.custody.find((it) => it.symbol === symbol)?.quantity ?? 0n;
    const atAp = ap.positions(world.email).find((it) => it.symbol === symbol)?.quantity ?? 0n;
    const minted = sum(
      own.filter((it) => it.kind === 'mint'),
      'qty',
    );
    const redeemed = sum(
      own.filter((it) => it.kind === 'redemption'),
      'qty',
    );
    expect(formatQuantity(custody), `${symbol} in custody`).toBe(formatQuantity(minted - redeemed));
    expect(formatQuantity(custody + atAp), `${symbol} in all`).toBe(
      formatQuantity(parseQuantity(world.shares)),
    );
  }
  const journaled = state.requests.filter((it) => it.status === 'completed').map((it) => it.issuerRequestId);
  expect(journaled.toSorted()).toEqual(completed.map((it) => it.id).toSorted());
}

/** What `issuer views verify` would print, from the database beside the running service. */
export async function viewDifferences(world: World): Promise<readonly unknown[]> {
  const store = await openSqliteStore({
    path: world.databasePath,
    tables: SCHEMA.tables,
    clock: systemClock,
    timers: systemTimers,
    readOnly: true,
    onFatal: (error) => {
      throw error;
    },
  });
  try {
    return (await verify(store, SCHEMA)).differences;
  } finally {
    await store.close();
  }
}

/** Every log of a vault, oldest first. */
export async function vaultLogs({ chain }: LocalNetwork, vault: TestVault): Promise<readonly VaultLog[]> {
  const filter = { address: vault.address, fromBlock: '0x0', toBlock: 'latest' };
  return ((await chain.rpc('eth_getLogs', [filter])) as RawLog[]).map(decodeLog);
}

async function inputOf({ chain }: LocalNetwork, hash: Hex): Promise<Hex> {
  return ((await chain.rpc('eth_getTransactionByHash', [hash])) as { input: Hex }).input;
}

function sum(operations: readonly OperationOnWire[], member: 'qty' | 'burned'): bigint {
  return operations.reduce((total, it) => total + parseQuantity(it[member] ?? '0'), 0n);
}

function parseSigned(text = '0'): bigint {
  return text.startsWith('-') ? -parseQuantity(text.slice(1)) : parseQuantity(text);
}
