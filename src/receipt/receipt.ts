import type { Address, Hex } from 'viem';
import { IssuanceError, unreachable } from '../primitives/failures.ts';

/**
 * A receipt: the ERC-1155 token that a deposit into a vault leaves behind, and that a burn must name. Its
 * deposit's facts never change. Its balance is the last one read from the chain, adjusted by our own
 * settled burns; reservations belong to redemptions whose burn is signed and not settled.
 */

/** What a vault's `Deposit` log says, with where it stands. All hex in lower case. */
export type DepositFacts = {
  sender: Address;
  /** The receiver of shares and receipt. */
  owner: Address;
  shares: bigint;
  /** The bytes as deposited; a burn passes them back verbatim. */
  information: Hex;
  /**
   * Id of our operation in the information, only where one of our signers sent the deposit: anyone may
   * write one.
   */
  operationId: string | null;
  blockNumber: bigint;
  /** Absent in what older versions recorded. */
  blockHash?: Hex;
  transactionHash: Hex;
  /** Ordinal among the vault's `Deposit` logs in the transaction; null where only the log was seen. */
  ordinal: number | null;
};

export type ReceiptEvent =
  | { type: 'ReceiptDeposited'; data: DepositFacts }
  /** A deep reorg gave the id to another deposit. */
  | { type: 'DepositReplaced'; data: DepositFacts }
  /**
   * Burned or transferred other than by a burn that we know, or its deposit is in another block now, of this hash: the
   * balance must be read again.
   */
  | { type: 'ReceiptMoved'; data: { transactionHash: Hex; blockNumber: bigint; blockHash?: Hex } }
  | { type: 'ReceiptReserved'; data: { redemptionId: string; shares: bigint; transactionId: string } }
  | { type: 'ReservationReleased'; data: { redemptionId: string; shares: bigint; why: string } }
  | {
      type: 'ReceiptBurned';
      data: { redemptionId: string; shares: bigint; transactionHash: Hex; blockNumber: bigint };
    }
  /** All of it went to another signer of ours; the reservation was the transfer's. */
  | {
      type: 'ReceiptHandedOver';
      data: { transferId: string; to: Address; shares: bigint; transactionHash: Hex; blockNumber: bigint };
    }
  | {
      type: 'HandOverUndone';
      data: { transferId: string; to: Address; shares: bigint; transactionHash: Hex; why: string };
    }
  | { type: 'BurnUndone'; data: { redemptionId: string; shares: bigint; transactionHash: Hex; why: string } }
  /** `exact`: it counts as it is, and no pending burn explains any of it away. */
  | { type: 'BalanceRead'; data: BalanceReading & { exact?: true } };

/** A balance as `balanceOf` gave it, for one holder as of one block. */
export type BalanceReading = { holder: Address; balance: bigint; blockNumber: bigint; blockHash: Hex };

export type ReceiptState =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'known';
      /** Null for a receipt that came to us by transfer, from a deposit that was not ours. */
      readonly deposit: DepositFacts | null;
      /** `balance` is what counts; null until it was read once, since balances are never summed from logs. */
      readonly reading: BalanceReading | null;
      /** A reading as of an older block says nothing any more. */
      readonly floorBlock: bigint;
      /** Something happened that only a reading from `floorBlock` or later can tell the outcome of. */
      readonly readingDue: boolean;
      /** Shares reserved, by redemption. */
      readonly reservations: Readonly<Record<string, bigint>>;
    };

export type KnownReceipt = Extract<ReceiptState, { kind: 'known' }>;

export type ReceiptCommand =
  | { readonly type: 'deposit'; readonly fact: DepositFacts }
  | { readonly type: 'move'; readonly transactionHash: Hex; readonly blockNumber: bigint }
  | {
      readonly type: 'reserve';
      readonly redemptionId: string;
      readonly shares: bigint;
      readonly transactionId: string;
    }
  | { readonly type: 'release'; readonly redemptionId: string; readonly shares: bigint; readonly why: string }
  | {
      readonly type: 'burn';
      readonly redemptionId: string;
      readonly shares: bigint;
      readonly transactionHash: Hex;
      readonly blockNumber: bigint;
    }
  | {
      readonly type: 'undoBurn';
      readonly redemptionId: string;
      readonly shares: bigint;
      readonly transactionHash: Hex;
      readonly why: string;
    }
  | ({ readonly type: 'handOver' } & Extract<ReceiptEvent, { type: 'ReceiptHandedOver' }>['data'])
  | ({ readonly type: 'undoHandOver' } & Extract<ReceiptEvent, { type: 'HandOverUndone' }>['data'])
  | { readonly type: 'read'; readonly reading: BalanceReading & { readonly exact?: true } };

/** Shares reserved by all redemptions together. */
export function reservedShares(state: ReceiptState): bigint {
  if (state.kind === 'none') return 0n;
  return Object.values(state.reservations).reduce((sum, shares) => sum + shares, 0n);
}

/** Shares that a further burn may use; never negative, 0 while the balance was not read. */
export function freeShares(state: ReceiptState): bigint {
  if (state.kind === 'none' || state.reading === null) return 0n;
  const free = state.reading.balance - reservedShares(state);
  return free > 0n ? free : 0n;
}

/**
 * More is reserved than there is: someone else burned or moved shares that a signed burn of ours counts on.
 */
export function isOverdrawn(state: ReceiptState): boolean {
  return state.kind === 'known' && reservedShares(state) > (state.reading?.balance ?? 0n);
}

/**
 * @throws IssuanceError `receipt_unknown`, `receipt_short` (reserving more than is free), `reservation_missing`
 *   (releasing what is not reserved).
 */
export function decideReceipt(command: ReceiptCommand, state: ReceiptState): readonly ReceiptEvent[] {
  switch (command.type) {
    case 'deposit':
      return decideDeposit(command.fact, state);
    case 'move':
      return decideMove(command, state);
    case 'reserve':
      return decideReserve(command, state);
    case 'release': {
      const { redemptionId, shares, why } = command;
      const reserved = known(state).reservations[redemptionId] ?? 0n;
      if (shares > reserved) {
        throw new IssuanceError(
          'reservation_missing',
          `redemption ${redemptionId} has ${reserved} shares of the receipt reserved, not ${shares}`,
        );
      }
      return [{ type: 'ReservationReleased', data: { redemptionId, shares, why } }];
    }
    case 'burn': {
      const { redemptionId, shares, transactionHash, blockNumber } = command;
      return [{ type: 'ReceiptBurned', data: { redemptionId, shares, transactionHash, blockNumber } }];
    }
    case 'undoBurn': {
      known(state);
      const { redemptionId, shares, transactionHash, why } = command;
      return [{ type: 'BurnUndone', data: { redemptionId, shares, transactionHash, why } }];
    }
    case 'handOver': {
      const { type: _type, ...data } = command;
      return [{ type: 'ReceiptHandedOver', data }];
    }
    case 'undoHandOver': {
      known(state);
      const { type: _type, ...data } = command;
      return [{ type: 'HandOverUndone', data }];
    }
    case 'read':
      return decideRead(command.reading, state);
    default:
      return unreachable(command);
  }
}

function decideDeposit(fact: DepositFacts, state: ReceiptState): readonly ReceiptEvent[] {
  const recorded = state.kind === 'known' ? state.deposit : null;
  if (recorded === null) return [{ type: 'ReceiptDeposited', data: fact }];
  if (!isSameDeposit(recorded, fact)) return [{ type: 'DepositReplaced', data: fact }];
  // A reorg moved it to another block. A reading in between, of whichever branch, may have found nothing.
  const { transactionHash, blockNumber, blockHash } = fact;
  const isDue = state.kind === 'known' && state.readingDue;
  if (isDue || isSameBlock(recorded, fact)) return [];
  const hash = blockHash === undefined ? {} : { blockHash };
  return [{ type: 'ReceiptMoved', data: { transactionHash, blockNumber, ...hash } }];
}

/**
 * The same deposit may have moved to another block in a reorg, and its ordinal may not have been known at
 * first.
 */
function isSameDeposit(one: DepositFacts, other: DepositFacts): boolean {
  return (
    one.transactionHash === other.transactionHash &&
    one.sender === other.sender &&
    one.owner === other.owner &&
    one.shares === other.shares &&
    one.information === other.information
  );
}

function isSameBlock(one: DepositFacts, other: DepositFacts): boolean {
  if (one.blockNumber !== other.blockNumber) return false;
  return one.blockHash === undefined || other.blockHash === undefined || one.blockHash === other.blockHash;
}

function decideMove(
  command: Extract<ReceiptCommand, { type: 'move' }>,
  state: ReceiptState,
): readonly ReceiptEvent[] {
  const { transactionHash, blockNumber } = command;
  // Known already: read since, or due for a reading from that block on.
  if (state.kind === 'known' && blockNumber <= (state.reading?.blockNumber ?? -1n)) return [];
  if (state.kind === 'known' && state.readingDue && blockNumber <= state.floorBlock) return [];
  return [{ type: 'ReceiptMoved', data: { transactionHash, blockNumber } }];
}

function decideReserve(
  command: Extract<ReceiptCommand, { type: 'reserve' }>,
  state: ReceiptState,
): readonly ReceiptEvent[] {
  const { redemptionId, shares, transactionId } = command;
  const free = freeShares(known(state));
  if (shares <= 0n || shares > free) {
    throw new IssuanceError('receipt_short', `${shares} shares cannot be reserved, ${free} are free`);
  }
  return [{ type: 'ReceiptReserved', data: { redemptionId, shares, transactionId } }];
}

function decideRead(
  reading: BalanceReading & { readonly exact?: true },
  state: ReceiptState,
): readonly ReceiptEvent[] {
  const receipt = known(state);
  if (reading.blockNumber < receipt.floorBlock) return [];
  const before = receipt.reading;
  const changes =
    before === null ||
    before.holder !== reading.holder ||
    before.balance !== countedBalance(receipt, reading);
  return changes || receipt.readingDue ? [{ type: 'BalanceRead', data: reading }] : [];
}

/**
 * While a burn is pending, the chain may show the balance before it, after it, or between its parts: a
 * reading that it explains corrects nothing. Any other reading is the balance.
 */
function countedBalance(receipt: KnownReceipt, reading: BalanceReading & { readonly exact?: true }): bigint {
  if (reading.exact === true) return reading.balance;
  const reserved = reservedShares(receipt);
  const before = receipt.reading;
  if (reserved === 0n || before === null || before.holder !== reading.holder) return reading.balance;
  const explained = reading.balance <= before.balance && reading.balance >= before.balance - reserved;
  return explained ? before.balance : reading.balance;
}

function known(state: ReceiptState): KnownReceipt {
  if (state.kind === 'none') throw new IssuanceError('receipt_unknown', 'no such receipt is recorded');
  return state;
}

const UNREAD: KnownReceipt = {
  kind: 'known',
  deposit: null,
  reading: null,
  floorBlock: 0n,
  readingDue: true,
  reservations: {},
};

export function evolveReceipt(state: ReceiptState, event: ReceiptEvent): KnownReceipt {
  const receipt = state.kind === 'none' ? UNREAD : state;
  switch (event.type) {
    case 'ReceiptDeposited':
      return dueFrom({ ...receipt, deposit: event.data }, event.data.blockNumber);
    case 'DepositReplaced':
      return { ...dueFrom(receipt, event.data.blockNumber), deposit: event.data, reading: null };
    case 'ReceiptMoved':
      return dueFrom({ ...receipt, deposit: inItsBlock(receipt, event.data) }, event.data.blockNumber);
    case 'ReceiptReserved':
      return {
        ...receipt,
        reservations: add(receipt.reservations, event.data.redemptionId, event.data.shares),
      };
    case 'ReservationReleased': {
      // A reading that the pending burn seemed to explain may have been something else.
      const reservations = add(receipt.reservations, event.data.redemptionId, -event.data.shares);
      return { ...receipt, reservations, readingDue: true };
    }
    case 'ReceiptBurned':
      return burned(receipt, event.data);
    case 'BurnUndone': {
      // The same bytes are being sent again, so the burn is pending as it was.
      const { redemptionId, shares } = event.data;
      return {
        ...receipt,
        reading: receipt.reading && { ...receipt.reading, balance: receipt.reading.balance + shares },
        reservations: add(receipt.reservations, redemptionId, shares),
        readingDue: true,
      };
    }
    case 'ReceiptHandedOver':
      return handedOver(receipt, event.data);
    case 'HandOverUndone': {
      // The same bytes are being sent again, so it is on its way as it was.
      const { transferId, to, shares } = event.data;
      const { reading } = receipt;
      const isBack = reading === null || reading.holder === to;
      return {
        ...receipt,
        reading: isBack ? reading : { ...reading, balance: reading.balance + shares },
        reservations: add(receipt.reservations, transferId, shares),
        readingDue: true,
      };
    }
    case 'BalanceRead': {
      const { exact: _exact, ...read } = event.data;
      const reading = { ...read, balance: countedBalance(receipt, event.data) };
      return { ...receipt, reading, floorBlock: event.data.blockNumber, readingDue: false };
    }
    default:
      return unreachable(event);
  }
}

/** Where the deposit stands, when it is what moved; all else of it never changes. */
function inItsBlock(
  { deposit }: KnownReceipt,
  { transactionHash, blockNumber, blockHash }: Extract<ReceiptEvent, { type: 'ReceiptMoved' }>['data'],
): KnownReceipt['deposit'] {
  if (deposit === null || blockHash === undefined || deposit.transactionHash !== transactionHash)
    return deposit;
  return { ...deposit, blockNumber, blockHash };
}

function dueFrom(receipt: KnownReceipt, blockNumber: bigint): KnownReceipt {
  const floorBlock = blockNumber > receipt.floorBlock ? blockNumber : receipt.floorBlock;
  return { ...receipt, floorBlock, readingDue: true };
}

function burned(
  receipt: KnownReceipt,
  burn: Extract<ReceiptEvent, { type: 'ReceiptBurned' }>['data'],
): KnownReceipt {
  const reserved = receipt.reservations[burn.redemptionId] ?? 0n;
  const { reading } = receipt;
  // A burn that was never reserved here (found on chain after a restore) is part of a reading that came after it.
  const counted = reading === null || (reserved === 0n && reading.blockNumber >= burn.blockNumber);
  const left = reading !== null && reading.balance > burn.shares ? reading.balance - burn.shares : 0n;
  const freed = reserved < burn.shares ? reserved : burn.shares;
  return {
    ...dueFrom(receipt, burn.blockNumber),
    reading: counted ? reading : { ...reading, balance: left },
    reservations: add(receipt.reservations, burn.redemptionId, -freed),
  };
}

/** Nothing is left with the old holder; what the new one has, only a reading tells. */
function handedOver(
  receipt: KnownReceipt,
  { transferId, to, shares, blockNumber }: Extract<ReceiptEvent, { type: 'ReceiptHandedOver' }>['data'],
): KnownReceipt {
  const { reading } = receipt;
  const isRead = reading === null || reading.holder === to;
  const left = reading !== null && reading.balance > shares ? reading.balance - shares : 0n;
  return {
    ...dueFrom(receipt, blockNumber),
    reading: isRead ? reading : { ...reading, balance: left },
    reservations: add(receipt.reservations, transferId, -(receipt.reservations[transferId] ?? 0n)),
  };
}

function add(
  reservations: Readonly<Record<string, bigint>>,
  redemptionId: string,
  shares: bigint,
): Readonly<Record<string, bigint>> {
  const { [redemptionId]: before = 0n, ...others } = reservations;
  const after = before + shares;
  return after > 0n ? { ...others, [redemptionId]: after } : others;
}
