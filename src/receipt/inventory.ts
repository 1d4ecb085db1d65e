import type { Address, Hex } from 'viem';
import type { EventStore, Row } from '../event-store/event-store.ts';
import { change, type Change, type Ledger, type Loaded, type Outcome } from '../event-store/ledger.ts';
import { IssuanceError } from '../primitives/failures.ts';
import type { Log } from '../telemetry/log.ts';
import { type Available, countAvailable } from './available.ts';
import { chooseReceipts, type ReceiptPick } from './choose-receipts.ts';
import { chooseWholeReceipts } from './choose-whole.ts';
import { endUnplannedBurn, type UnplannedBurn } from './end-burn.ts';
import type { FreshBalances } from './fresh-balances.ts';
import { listInventory } from './list-inventory.ts';
import { listInventoryThen } from './list-inventory-then.ts';
import type { DepositFacts, ReceiptCommand, ReceiptState } from './receipt.ts';
import { decideReceipt } from './receipt.ts';
import { parseReceiptStreamId, receiptKind, receiptStreamId, RECEIPT_DEPOSIT_TABLE } from './receipt-kind.ts';

export type { ReceiptPick };

/** A deposit with where it belongs. */
interface RecordedDeposit extends Readonly<DepositFacts> {
  readonly chainId: number;
  readonly vault: Address;
  readonly receiptId: bigint;
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
  /** For the commit that signs a burn, or a transfer of receipts. @throws IssuanceError `receipt_short` */
  reserve(
    operationId: string,
    transactionId: string,
    chainId: number,
    vault: Address,
    picks: readonly WholeReceipt[],
  ): Promise<readonly Change[]>;
  /** For the commit that frees the operation from its nonce. @throws IssuanceError `reservation_missing` */
  release(
    operationId: string,
    chainId: number,
    vault: Address,
    picks: readonly WholeReceipt[],
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
  /**
   * For the commit that ends a burn whose final transaction did something that was not planned: what it reserved is
   * free again, as far as these balances, which were read after it, show that it is still there. A text tells which
   * receipt moved since they were read.
   */
  endUnplanned(burn: UnplannedBurn, balances: FreshBalances): Promise<Outcome | string>;
  /** For the commit that settles a transfer of whole receipts to another signer of ours. */
  handedOver(
    transferId: string,
    chainId: number,
    vault: Address,
    receipts: readonly WholeReceipt[],
    how: { readonly to: Address; readonly transactionHash: Hex; readonly blockNumber: bigint },
  ): Promise<readonly Change[]>;
  /** For the commit that records that a settled transfer vanished and is being sent again. */
  takenBack(
    transferId: string,
    chainId: number,
    vault: Address,
    receipts: readonly WholeReceipt[],
    how: { readonly to: Address; readonly transactionHash: Hex; readonly why: string },
  ): Promise<readonly Change[]>;
  /**
   * Chooses whole receipts of which nothing is reserved, the largest first, at most `maxReceipts`, so that what the
   * holder promised stays with it.
   */
  chooseWhole(
    chainId: number,
    vault: Address,
    holder: Address,
    maxReceipts: number,
    taken: ReadonlySet<bigint>,
  ): Promise<readonly WholeReceipt[]>;
  /** Records a deposit; null when it is recorded already. */
  deposited(fact: RecordedDeposit): Promise<Change | null>;
  /**
   * The deposit that carries this operation's id and was sent by one of our signers; the first, should
   * there be several. Others may write any id into their information, which never counts. Leaves out those of `voided`
   * transactions, which can never be on the chain again.
   */
  depositOf(operationId: string, voided?: readonly Hex[]): Promise<RecordedDeposit | null>;
  /** One page of the receipts of these vaults; see `listInventory`. */
  list(...args: ListArguments): ReturnType<typeof listInventory>;
  /** The same of the past; see `listInventoryThen`. */
  listThen(...args: ListThenArguments): ReturnType<typeof listInventoryThen>;
}

/** All of a receipt, in 10⁻¹⁸ shares. */
export type WholeReceipt = Pick<ReceiptPick, 'receiptId' | 'shares'>;

type ListThenArguments = Parameters<typeof listInventoryThen> extends [unknown, ...infer Rest] ? Rest : never;
type ListArguments = Parameters<typeof listInventory> extends [EventStore, ...infer Rest] ? Rest : never;

export interface InventoryOptions {
  readonly ledger: Ledger;
  readonly store: EventStore;
  readonly log: Log;
}

export function createInventory(options: InventoryOptions): Inventory {
  const { ledger, store, log } = options;

  /** One change per receipt, from one command per pick. */
  async function decideAll(
    chainId: number,
    vault: Address,
    picks: readonly WholeReceipt[],
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
    available: (...place) => countAvailable(store, ...place),
    choose: (...wish) => chooseReceipts(options, ...wish),
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

    endUnplanned: (burn, balances) => endUnplannedBurn(options, burn, balances),
    handedOver: (transferId, chainId, vault, receipts, how) =>
      decideAll(chainId, vault, receipts, (shares) => ({ type: 'handOver', transferId, shares, ...how })),
    takenBack: (transferId, chainId, vault, receipts, how) =>
      decideAll(chainId, vault, receipts, (shares) => ({ type: 'undoHandOver', transferId, shares, ...how })),
    chooseWhole: (...wish) => chooseWholeReceipts(store, ...wish),

    async deposited({ chainId, vault, receiptId, ...fact }) {
      const loaded = await ledger.load(receiptKind, receiptStreamId(chainId, vault, receiptId));
      const events = decideReceipt({ type: 'deposit', fact }, loaded.state);
      return events.length === 0 ? null : change(receiptKind, loaded, events);
    },

    async depositOf(operationId, voided = []) {
      const found = await store.find({
        table: RECEIPT_DEPOSIT_TABLE.name,
        where: { operation_id: operationId },
        orderBy: [
          ['block_number', 'asc'],
          ['receipt_id', 'asc'],
        ],
        limit: 2 + voided.length,
      });
      const rows = found.filter((row) => !voided.includes(row['transaction_hash'] as Hex));
      const [first, second] = rows;
      if (first === undefined) return null;
      if (second !== undefined) {
        const transactions = [first['transaction_hash'], second['transaction_hash']];
        log.error(
          { alarm: 'deposit_doubled', operationId, transactions },
          'an operation has more than one deposit',
        );
      }
      return recordedDeposit(await ledger.load(receiptKind, streamIdOf(first)));
    },

    list: (...args) => listInventory(store, ...args),
    listThen: (...args) => listInventoryThen(options, ...args),
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
