import type { Address } from 'viem';
import type { DecodedLog } from '../chain/watcher/decode-logs.ts';
import type { LogBatch, LogConsumer } from '../chain/watcher/types.ts';
import { change, type Ledger } from '../event-store/ledger.ts';
import { ZERO_ADDRESS } from '../primitives/address.ts';
import { decodeReceiptInformation } from '../vault/receipt-information.ts';
import type { ReceiptCommand, ReceiptEvent, ReceiptState } from './receipt.ts';
import { decideReceipt, evolveReceipt, reservedShares } from './receipt.ts';
import { receiptKind, receiptStreamId } from './receipt-kind.ts';

/** What a log means for one receipt. */
interface Notice {
  readonly stream: string;
  readonly command: ReceiptCommand;
  /** Shares that one of our signers burned in it, which a pending burn explains; null for anything else. */
  readonly burned: bigint | null;
}

/**
 * Takes in what happens to receipts of our wallets: deposits to them, whoever sent them, and every burn or
 * transfer that no burn of ours explains. A balance is never computed from logs: a log only asks for a
 * reading.
 */
export function createReceiptConsumer(options: {
  readonly ledger: Ledger;
  /** Our signers on a network, retired ones too, in lower case. */
  readonly wallets: (network: string) => readonly Address[];
}): LogConsumer {
  const { ledger } = options;
  return {
    name: 'receipts',
    async consume(batch) {
      const wallets = new Set(options.wallets(batch.network));
      const notices = Map.groupBy(
        batch.logs.flatMap((log) => noticesOf(log, batch, wallets)),
        (notice) => notice.stream,
      );
      const loaded = await ledger.loadMany(receiptKind, [...notices.keys()]);
      const changes = loaded.flatMap((receipt) => {
        const events = eventsOf(receipt.state, notices.get(receipt.id) ?? []);
        return events.length === 0 ? [] : [change(receiptKind, receipt, events)];
      });
      return { changes };
    },
  };
}

function eventsOf(before: ReceiptState, notices: readonly Notice[]): readonly ReceiptEvent[] {
  let state = before;
  const events: ReceiptEvent[] = [];
  for (const { command, burned } of notices) {
    if (burned !== null && burned <= reservedShares(state)) continue;
    for (const event of decideReceipt(command, state)) {
      events.push(event);
      state = evolveReceipt(state, event);
    }
  }
  return events;
}

function noticesOf(log: DecodedLog, batch: LogBatch, wallets: ReadonlySet<Address>): readonly Notice[] {
  const { chainId } = batch;
  const { address, blockNumber, blockHash, transactionHash } = log.log;
  const move: ReceiptCommand = { type: 'move', blockNumber, transactionHash };
  switch (log.kind) {
    case 'deposit': {
      if (!wallets.has(log.owner)) return [];
      const { sender, owner, shares, information } = log;
      // Anyone may write any id: it counts only from our own signers.
      const decoded = wallets.has(sender) ? decodeReceiptInformation(information) : null;
      const operationId = decoded?.kind === 'known' ? decoded.issuer_request_id : null;
      const facts = { sender, owner, shares, information, operationId };
      const fact = { ...facts, blockNumber, blockHash, transactionHash, ordinal: null };
      const stream = receiptStreamId(chainId, address, log.id);
      return [{ stream, command: { type: 'deposit', fact }, burned: null }];
    }
    case 'withdraw': {
      if (!wallets.has(log.owner)) return [];
      const burned = wallets.has(log.sender) ? log.shares : null;
      return [{ stream: receiptStreamId(chainId, address, log.id), command: move, burned }];
    }
    case 'receiptTransfer': {
      const { from, to } = log;
      // With the zero address on one side it belongs to a deposit or a burn, whose own log says more.
      if (from === ZERO_ADDRESS || to === ZERO_ADDRESS) return [];
      if (!wallets.has(from) && !wallets.has(to)) return [];
      const vault = batch.vaults.find((it) => it.receipt === address)?.vault;
      if (vault === undefined) return [];
      return log.moves.map(({ id }) => ({
        stream: receiptStreamId(chainId, vault, id),
        command: move,
        burned: null,
      }));
    }
    case 'transfer':
    case 'receiptInformation':
      return [];
    default:
      return log satisfies never;
  }
}
