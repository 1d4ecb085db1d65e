import { type Address, type Hex, BaseError, decodeEventLog, getAbiItem, toEventSelector } from 'viem';
import { decodedEvents, namedEvents } from './abi.ts';

/** One log as an RPC node reports it, with its numbers decoded and nothing interpreted. */
export interface RawLog {
  readonly address: Hex;
  readonly topics: readonly Hex[];
  readonly data: Hex;
  readonly blockNumber: bigint;
  readonly blockHash: Hex;
  readonly transactionHash: Hex;
  /** Position within the block. */
  readonly logIndex: number;
  /** True when the node reports the log as taken back by a reorg. */
  readonly removed?: boolean;
}

/** Shares and receipt of a deposit went to `owner`; amounts in 10⁻¹⁸. */
export interface DepositLog {
  readonly kind: 'deposit';
  readonly log: RawLog;
  readonly sender: Address;
  readonly owner: Address;
  readonly assets: bigint;
  readonly shares: bigint;
  readonly id: bigint;
  readonly information: Hex;
}

/** `owner`'s shares and receipt were burned; `receiver` is only recorded. */
export interface WithdrawLog {
  readonly kind: 'withdraw';
  readonly log: RawLog;
  readonly sender: Address;
  readonly receiver: Address;
  readonly owner: Address;
  readonly assets: bigint;
  readonly shares: bigint;
  readonly id: bigint;
  readonly information: Hex;
}

/** Shares moved; the zero address on one side is a mint or a burn. */
export interface TransferLog {
  readonly kind: 'transfer';
  readonly log: RawLog;
  readonly from: Address;
  readonly to: Address;
  readonly value: bigint;
}

/** Receipts moved: a `TransferSingle` or a `TransferBatch`, which the families use differently for one id. */
export interface ReceiptTransferLog {
  readonly kind: 'receiptTransfer';
  readonly log: RawLog;
  readonly operator: Address;
  readonly from: Address;
  readonly to: Address;
  readonly moves: readonly { readonly id: bigint; readonly amount: bigint }[];
}

/** Anyone may emit one, with any bytes: never a source of facts. */
export interface ReceiptInformationLog {
  readonly kind: 'receiptInformation';
  readonly log: RawLog;
  readonly sender: Address;
  readonly id: bigint;
  readonly information: Hex;
}

/** A log that says nothing about shares and receipts; `name` where its event is known. */
export interface OtherLog {
  readonly kind: 'other';
  readonly log: RawLog;
  readonly name: string | null;
}

/** A log with the topic of an event that matters, which cannot be read as that event. */
export interface MalformedLog {
  readonly kind: 'malformed';
  readonly log: RawLog;
  readonly name: string;
  readonly why: string;
}

export type VaultLog =
  | DepositLog
  | WithdrawLog
  | TransferLog
  | ReceiptTransferLog
  | ReceiptInformationLog
  | OtherLog
  | MalformedLog;

/** topic0 of the events whose arguments are decoded. */
export const eventTopics = {
  Deposit: topicOf('Deposit'),
  Withdraw: topicOf('Withdraw'),
  Transfer: topicOf('Transfer'),
  TransferSingle: topicOf('TransferSingle'),
  TransferBatch: topicOf('TransferBatch'),
} as const;

const DECODED = new Map(decodedEvents.map((event) => [toEventSelector(event) as string, event]));
const NAMED = new Map(namedEvents.map((event) => [toEventSelector(event) as string, event.name]));

/** Reads one log of a vault or receipt contract. Never throws; all addresses come out in lower case. */
export function decodeLog(log: RawLog): VaultLog {
  const topic = log.topics[0]?.toLowerCase();
  if (topic === undefined) return { kind: 'other', log, name: null };
  const event = DECODED.get(topic);
  if (event === undefined) return { kind: 'other', log, name: NAMED.get(topic) ?? null };
  try {
    const expected = 1 + event.inputs.filter((input) => 'indexed' in input).length;
    if (log.topics.length !== expected) {
      return malformed(log, event.name, `it has ${log.topics.length} topics, not ${expected}`);
    }
    return decodeKnown(log);
  } catch (error) {
    const why = error instanceof BaseError ? error.shortMessage : String(error);
    return malformed(log, event.name, why);
  }
}

function decodeKnown(log: RawLog): VaultLog {
  // viem compares topics by case, and wants its non-empty tuple: the caller has counted them.
  const topics = log.topics.map((topic) => topic.toLowerCase()) as [Hex, ...Hex[]];
  const event = decodeEventLog({ abi: decodedEvents, topics, data: log.data });
  switch (event.eventName) {
    case 'Deposit': {
      const { sender, owner, assets, shares, id, receiptInformation } = event.args;
      const parties = { sender: lower(sender), owner: lower(owner) };
      return { kind: 'deposit', log, ...parties, assets, shares, id, information: receiptInformation };
    }
    case 'Withdraw': {
      const { sender, receiver, owner, assets, shares, id, receiptInformation } = event.args;
      const parties = { sender: lower(sender), receiver: lower(receiver), owner: lower(owner) };
      return { kind: 'withdraw', log, ...parties, assets, shares, id, information: receiptInformation };
    }
    case 'Transfer': {
      const { from, to, value } = event.args;
      return { kind: 'transfer', log, from: lower(from), to: lower(to), value };
    }
    case 'TransferSingle': {
      const { operator, from, to, id, value } = event.args;
      return receiptTransfer(log, [operator, from, to], [id], [value]);
    }
    case 'TransferBatch': {
      const { operator, from, to, ids, values } = event.args;
      return receiptTransfer(log, [operator, from, to], ids, values);
    }
    case 'ReceiptInformation': {
      const { sender, id, information } = event.args;
      return { kind: 'receiptInformation', log, sender: lower(sender), id, information };
    }
    default:
      return event satisfies never;
  }
}

function receiptTransfer(
  log: RawLog,
  [operator, from, to]: readonly [Address, Address, Address],
  ids: readonly bigint[],
  amounts: readonly bigint[],
): ReceiptTransferLog | MalformedLog {
  if (ids.length !== amounts.length) {
    return malformed(log, 'TransferBatch', `it has ${ids.length} ids and ${amounts.length} amounts`);
  }
  const moves = ids.map((id, at) => ({ id, amount: amounts[at] ?? 0n }));
  return {
    kind: 'receiptTransfer',
    log,
    operator: lower(operator),
    from: lower(from),
    to: lower(to),
    moves,
  };
}

function malformed(log: RawLog, name: string, why: string): MalformedLog {
  return { kind: 'malformed', log, name, why };
}

function lower(address: Address): Address {
  return address.toLowerCase() as Address;
}

function topicOf(name: (typeof decodedEvents)[number]['name']): Hex {
  return toEventSelector(getAbiItem({ abi: decodedEvents, name }));
}
