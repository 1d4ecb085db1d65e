import type { Address } from 'viem';
import {
  type DepositLog,
  type MalformedLog,
  type RawLog,
  type TransferLog,
  type WithdrawLog,
  decodeLog,
  eventTopics,
} from './logs.ts';

/** A log of the vault that moves shares, as it stands in the receipt of one transaction. */
export interface Moment {
  readonly decoded: DepositLog | WithdrawLog | TransferLog | MalformedLog;
  /**
   * How many logs of the same event this vault emitted before it in the transaction. Unlike the log index,
   * which counts within the block, a reorg does not move it.
   */
  readonly ordinal: number;
  /** For messages. */
  readonly text: string;
}

/**
 * The deposits, burns and transfers of `vault` in a transaction's receipt, in their order on chain; logs with
 * such a topic that cannot be read are among them. `unusable` when the logs cannot be those of one receipt.
 */
export function vaultMoments(
  receiptLogs: readonly RawLog[],
  vault: Address,
):
  | { readonly kind: 'read'; readonly moments: Moment[] }
  | { readonly kind: 'unusable'; readonly why: string } {
  const indexes = new Set(receiptLogs.map((log) => log.logIndex));
  const transactions = new Set(receiptLogs.map((log) => `${log.blockHash} ${log.transactionHash}`));
  if (indexes.size !== receiptLogs.length) return { kind: 'unusable', why: 'two logs have the same index' };
  if (transactions.size > 1) return { kind: 'unusable', why: 'the logs are of more than one transaction' };
  if (receiptLogs.some((log) => log.removed === true)) {
    return { kind: 'unusable', why: 'a reorg took the logs back' };
  }
  const counts = new Map<string, number>();
  const moments = receiptLogs
    .filter((log) => log.address.toLowerCase() === vault.toLowerCase())
    .toSorted((one, other) => one.logIndex - other.logIndex)
    .flatMap((log) => {
      const decoded = decodeLog(log);
      const topic = log.topics[0]?.toLowerCase() ?? '';
      const ordinal = counts.get(topic) ?? 0;
      counts.set(topic, ordinal + 1);
      return isMove(decoded) ? [{ decoded, ordinal, text: textOf(decoded) }] : [];
    });
  return { kind: 'read', moments };
}

/**
 * Every `Transfer` log of `vault` in a transaction's receipt, in order, with its ordinal among them: the part
 * of a redemption's identity that tells several transfers of one transaction apart. A log that cannot be read
 * keeps its place.
 *
 * `unusable` when the logs cannot be those of one receipt.
 */
export function transferOrdinals(
  receiptLogs: readonly RawLog[],
  vault: Address,
):
  | {
      readonly kind: 'read';
      readonly transfers: readonly {
        readonly ordinal: number;
        readonly transfer: TransferLog | MalformedLog;
      }[];
    }
  | { readonly kind: 'unusable'; readonly why: string } {
  const read = vaultMoments(receiptLogs, vault);
  if (read.kind === 'unusable') return read;
  const transfers = read.moments.flatMap(({ decoded, ordinal }) =>
    decoded.kind === 'transfer' || (decoded.kind === 'malformed' && decoded.name === 'Transfer')
      ? [{ ordinal, transfer: decoded }]
      : [],
  );
  return { kind: 'read', transfers };
}

const MOVE_TOPICS: ReadonlySet<string> = new Set([
  eventTopics.Deposit,
  eventTopics.Withdraw,
  eventTopics.Transfer,
]);

function isMove(decoded: ReturnType<typeof decodeLog>): decoded is Moment['decoded'] {
  return MOVE_TOPICS.has(decoded.log.topics[0]?.toLowerCase() ?? '');
}

function textOf(decoded: Moment['decoded']): string {
  const at = `at log ${decoded.log.logIndex}`;
  switch (decoded.kind) {
    case 'deposit':
      return `Deposit of ${decoded.shares} to ${decoded.owner} ${at}`;
    case 'withdraw':
      return `Withdraw of ${decoded.shares} from receipt ${decoded.id} of ${decoded.owner} ${at}`;
    case 'transfer':
      return `Transfer of ${decoded.value} from ${decoded.from} to ${decoded.to} ${at}`;
    case 'malformed':
      return `unreadable ${decoded.name} ${at}: ${decoded.why}`;
    default:
      return decoded satisfies never;
  }
}

/** What keeps a log from being the planned transfer; null when it is. Addresses in lower case. */
export function transferFault(
  moment: Moment | undefined,
  planned: { readonly from: string; readonly to: string; readonly value: bigint },
): string | null {
  const { from, to, value } = planned;
  const found = moment?.decoded;
  const exact = found?.kind === 'transfer' && found.from === from && found.to === to && found.value === value;
  return exact
    ? null
    : `expected a Transfer of ${value} from ${from} to ${to}, found ${moment?.text ?? 'nothing'}`;
}

/** Enough to see what is wrong, without a line per log of a large batch. */
export function summary(faults: readonly string[]): string {
  const shown = faults.slice(0, 3).join('; ');
  return faults.length > 3 ? `${shown}; and ${faults.length - 3} more` : shown;
}
