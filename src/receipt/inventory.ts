import type { Address, Hex } from 'viem';
import type { EventStore, Row } from '../event-store/event-store.ts';
import { change, type Change, type Ledger, type Loaded } from '../event-store/ledger.ts';
import { IssuanceError, invariant } from '../primitives/failures.ts';
import type { Log } from '../telemetry/log.ts';
import { eachRow, type InventoryVault, listInventory } from './list-inventory.ts';
import type { DepositFacts, ReceiptCommand, ReceiptState } from './receipt.ts';
import { decideReceipt, freeShares } from './receipt.ts';
import {
  parseReceiptStreamId,
  PROMISE_TABLE,
  rankOf,
  receiptKind,
  receiptStreamId,
  RECEIPT_DEPOSIT_TABLE,
  RECEIPT_TABLE,
} from './receipt-kind.ts';

/** A part of a burn: so many shares of one receipt. */
export interface ReceiptPick {
  readonly receiptId: bigint;
  readonly shares: bigint;
  /** The deposit's bytes, to be passed back verbatim; `0x` where they are not known. */
  readonly information: Hex;
}

/** A deposit with where it belongs. */
export interface RecordedDeposit extends Readonly<DepositFacts> {
  readonly chainId: number;
  readonly vault: Address;
  readonly receiptId: bigint;
}

/** How much a further redemption may burn, and the guard that a commit which counts on it must raise. */
export interface Available {
  /** Balances less reservations and promises; may be negative when others burned what was counted on. */
  readonly available: bigint;
  readonly guard: { readonly name: string; readonly expected: number };
}

/**
 * The books of all receipts. What gives `Change`s commits nothing: the caller puts them into its own
 * commit, together with what they belong to. Addresses in lower case.
 */
export interface Inventory {
  /**
   * What `holder` may still promise from a vault. Stops counting once `atLeast` is reached: then
   * `available` is a lower bound, and enough.
   */
  available(chainId: number, vault: Address, holder: Address, atLeast?: bigint): Promise<Available>;
  /**
   * Chooses receipts for a burn: the smallest that suffices alone, else the largest first, at most
   * `maxReceipts`. `covered` is less than `shares` where they do not suffice.
   */
  choose(
    chainId: number,
    vault: Address,
    holder: Address,
    shares: bigint,
    maxReceipts?: number,
  ): Promise<{ readonly picks: readonly ReceiptPick[]; readonly covered: bigint }>;
  /** For the commit that signs a burn. @throws IssuanceError `receipt_short` */
  reserve(
    redemptionId: string,
    transactionId: string,
    chainId: number,
    vault: Address,
    picks: readonly ReceiptPick[],
  ): Promise<readonly Change[]>;
  /** For the commit that frees the redemption from its nonce. @throws IssuanceError `reservation_missing` */
  release(
    redemptionId: string,
    chainId: number,
    vault: Address,
    picks: readonly ReceiptPick[],
    why: string,
  ): Promise<readonly Change[]>;
  /** For the commit that settles a burn. */
  burned(
    redemptionId: string,
    chainId: number,
    vault: Address,
    picks: readonly ReceiptPick[],
    at: { readonly transactionHash: Hex; readonly blockNumber: bigint },
  ): Promise<readonly Change[]>;
  /** For the commit that records that a settled burn vanished and is being sent again. */
  unburned(
    redemptionId: string,
    chainId: number,
    vault: Address,
    picks: readonly ReceiptPick[],
    transactionHash: Hex,
    why: string,
  ): Promise<readonly Change[]>;
  /** Records a deposit; null when it is recorded already. */
  deposited(fact: RecordedDeposit): Promise<Change | null>;
  /**
   * The deposit that carries this operation's id and was sent by one of our signers; the first, should
   * there be several. Others may write any id into their information, which never counts.
   */
  depositOf(operationId: string): Promise<RecordedDeposit | null>;
  listInventory(): Promise<readonly InventoryVault[]>;
}

export interface InventoryOptions {
  readonly ledger: Ledger;
  readonly store: EventStore;
  readonly log: Log;
}

/** About what fits into one transaction (see the vault's gas per receipt). */
const MAX_RECEIPTS = 140;
const PAGE = 500;

export function inventoryGuard(chainId: number, vault: Address): string {
  return `inventory:${chainId}:${vault}`;
}

export function createInventory(options: InventoryOptions): Inventory {
  const { ledger, store, log } = options;

  /** One change per receipt, from one command per pick. */
  async function decideAll(
    chainId: number,
    vault: Address,
    picks: readonly ReceiptPick[],
    command: (shares: bigint) => ReceiptCommand,
  ): Promise<readonly Change[]> {
    const shares = new Map<bigint, bigint>();
    for (const pick of picks) shares.set(pick.receiptId, (shares.get(pick.receiptId) ?? 0n) + pick.shares);
    const ids = [...shares.keys()];
    const loaded = await ledger.loadMany(
      receiptKind,
      ids.map((id) => receiptStreamId(chainId, vault, id)),
    );
    return loaded.map((receipt, at) => {
      const events = decideReceipt(command(shares.get(ids[at] ?? -1n) ?? 0n), receipt.state);
      return change(receiptKind, receipt, events);
    });
  }

  return {
    async available(chainId, vault, holder, atLeast) {
      // Read first: whatever changes the inventory after this makes the caller's commit fail.
      const name = inventoryGuard(chainId, vault);
      const guard = { name, expected: await store.guard(name) };
      const promisedBefore = await sumPromises(store, chainId, vault);
      const overdrawn = await sumOverdrawn(store, chainId, vault, holder);
      const wanted = atLeast === undefined ? null : atLeast + promisedBefore + overdrawn;
      const free = await sumFree(store, chainId, vault, holder, wanted);
      // A burn that is signed or released between these reads turns a promise into a reservation or back, without
      // the guard: whichever reading of the promises is larger holds it.
      const promisedAfter = await sumPromises(store, chainId, vault);
      const promised = promisedAfter > promisedBefore ? promisedAfter : promisedBefore;
      return { available: free - promised - overdrawn, guard };
    },

    async choose(chainId, vault, holder, shares, maxReceipts = MAX_RECEIPTS) {
      invariant(shares > 0n && maxReceipts > 0, 'receipts are chosen for some shares');
      const where = { chain_id: chainId, vault, holder };
      const single = await store.find({
        table: RECEIPT_TABLE.name,
        where: { ...where, free_rank: { gte: rankOf(shares) } },
        orderBy: [
          ['free_rank', 'asc'],
          ['receipt_id', 'asc'],
        ],
        limit: 1,
      });
      const rows = single.length > 0 ? single : await largestFirst(store, where, maxReceipts);
      const loaded = await ledger.loadMany(
        receiptKind,
        rows.map((row) => receiptStreamId(chainId, vault, BigInt(row['receipt_id'] as string))),
      );
      return pickFrom(loaded, shares);
    },

    reserve: (redemptionId, transactionId, chainId, vault, picks) =>
      decideAll(chainId, vault, picks, (shares) => ({
        type: 'reserve',
        redemptionId,
        shares,
        transactionId,
      })),
    release: (redemptionId, chainId, vault, picks, why) =>
      decideAll(chainId, vault, picks, (shares) => ({ type: 'release', redemptionId, shares, why })),
    burned: (redemptionId, chainId, vault, picks, at) =>
      decideAll(chainId, vault, picks, (shares) => ({ type: 'burn', redemptionId, shares, ...at })),
    unburned: (redemptionId, chainId, vault, picks, transactionHash, why) =>
      decideAll(chainId, vault, picks, (shares) => ({
        type: 'undoBurn',
        redemptionId,
        shares,
        transactionHash,
        why,
      })),

    async deposited({ chainId, vault, receiptId, ...fact }) {
      const loaded = await ledger.load(receiptKind, receiptStreamId(chainId, vault, receiptId));
      const events = decideReceipt({ type: 'deposit', fact }, loaded.state);
      return events.length === 0 ? null : change(receiptKind, loaded, events);
    },

    async depositOf(operationId) {
      const rows = await store.find({
        table: RECEIPT_DEPOSIT_TABLE.name,
        where: { operation_id: operationId },
        orderBy: [
          ['block_number', 'asc'],
          ['receipt_id', 'asc'],
        ],
        limit: 2,
      });
      const [first, second] = rows;
      if (first === undefined) return null;
      if (second !== undefined) {
        const transactions = [first['transaction_hash'], second['transaction_hash']];
        log.error({ operationId, transactions }, 'an operation has more than one deposit');
      }
      return recordedDeposit(await ledger.load(receiptKind, streamIdOf(first)));
    },

    listInventory: () => listInventory(store),
  };
}

function streamIdOf(row: Row): string {
  return receiptStreamId(
    row['chain_id'] as number,
    row['vault'] as Address,
    BigInt(row['receipt_id'] as string),
  );
}

function recordedDeposit(loaded: Loaded<ReceiptState>): RecordedDeposit {
  const { state } = loaded;
  if (state.kind === 'none' || state.deposit === null) {
    throw new IssuanceError(
      'log_corrupt',
      `receipt/${loaded.id} has a row for a deposit that it does not know`,
    );
  }
  return { ...state.deposit, ...parseReceiptStreamId(loaded.id) };
}

function pickFrom(
  loaded: readonly Loaded<ReceiptState>[],
  shares: bigint,
): { readonly picks: readonly ReceiptPick[]; readonly covered: bigint } {
  const picks: ReceiptPick[] = [];
  let missing = shares;
  for (const { id, state } of loaded) {
    const free = freeShares(state);
    if (missing === 0n || free === 0n || state.kind === 'none') continue;
    const taken = free < missing ? free : missing;
    const { receiptId } = parseReceiptStreamId(id);
    picks.push({ receiptId, shares: taken, information: state.deposit?.information ?? '0x' });
    missing -= taken;
  }
  return { picks, covered: shares - missing };
}

type HolderWhere = { readonly chain_id: number; readonly vault: Address; readonly holder: Address };

function largestFirst(
  store: EventStore,
  where: HolderWhere,
  limit: number,
  after?: readonly (string | number)[],
): Promise<readonly Row[]> {
  return store.find({
    table: RECEIPT_TABLE.name,
    where: { ...where, free_rank: { gt: rankOf(0n) } },
    orderBy: [
      ['free_rank', 'desc'],
      ['receipt_id', 'desc'],
    ],
    limit,
    ...(after === undefined ? {} : { after }),
  });
}

async function sumFree(
  store: EventStore,
  chainId: number,
  vault: Address,
  holder: Address,
  enough: bigint | null,
): Promise<bigint> {
  const where = { chain_id: chainId, vault, holder };
  let sum = 0n;
  let after: readonly string[] | undefined;
  // A receipt of which something is reserved meanwhile sinks, and may come up again on a later page.
  const counted = new Set<string>();
  for (;;) {
    const rows = await largestFirst(store, where, PAGE, after);
    for (const row of rows) {
      const receiptId = row['receipt_id'] as string;
      if (!counted.has(receiptId)) sum += BigInt(row['free_rank'] as string);
      counted.add(receiptId);
    }
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAGE || (enough !== null && sum >= enough)) return sum;
    after = [last['free_rank'] as string, last['receipt_id'] as string];
  }
}

/** Shares reserved beyond a balance: they will be missing elsewhere. */
async function sumOverdrawn(
  store: EventStore,
  chainId: number,
  vault: Address,
  holder: Address,
): Promise<bigint> {
  const rows = await store.find({
    table: RECEIPT_TABLE.name,
    where: { chain_id: chainId, vault, holder, overdrawn: true },
    limit: 10_000,
  });
  return rows.reduce((sum, row) => sum + (row['reserved'] as bigint) - (row['balance'] as bigint), 0n);
}

async function sumPromises(store: EventStore, chainId: number, vault: Address): Promise<bigint> {
  let sum = 0n;
  const query = { table: PROMISE_TABLE.name, where: { chain_id: chainId, vault } };
  await eachRow(store, query, ['redemption_id'], (row) => {
    sum += row['shares'] as bigint;
  });
  return sum;
}
