import type { TransactionReceipt } from '../chain/rpc/types.ts';
import type { Change, Ledger, Loaded } from '../event-store/ledger.ts';
import { change } from '../event-store/ledger.ts';
import type { Catalog } from '../operation/directory.ts';
import { requireUnfrozen } from '../operation/frozen-work.ts';
import type { RefundedBook } from '../operation/refund-terms.ts';
import { IssuanceError } from '../primitives/failures.ts';
import type { Splits } from '../receipt/splits.ts';
import { requireUnsplit } from '../receipt/splits.ts';
import type { LaneFeature, Outcome, SettleOutcome, SignedTransaction } from '../transaction/lane-feature.ts';
import { readTransferEffect } from '../vault/burn-effects.ts';
import type { RefundCommand } from './decide.ts';
import { decideRefund } from './decide.ts';
import { settleFoundRefund } from './lane-found.ts';
import { planRefunds } from './lane-plan.ts';
import { refundKind } from './refund-kind.ts';
import type { KnownRefund, RefundEvent, RefundState } from './state.ts';

export interface RefundLaneOptions {
  readonly ledger: Ledger;
  readonly catalog: Pick<Catalog, 'freeze'>;
  readonly splits: Pick<Splits, 'now'>;
  readonly book: RefundedBook;
}

/** Creates what the lanes ask of refunds: each is a transaction of its own. */
export function createRefundLane(options: RefundLaneOptions): LaneFeature {
  const { ledger, book, splits, catalog } = options;

  /** One command on the refund of a transaction, with what its redemption makes of the events. */
  const tell = async (
    transaction: SignedTransaction,
    command: RefundCommand,
    redemption: (state: KnownRefund, events: readonly RefundEvent[]) => Promise<readonly Change[]>,
  ): Promise<Outcome> => {
    const loaded = await load(ledger, transaction);
    const events = decideRefund(command, loaded.state);
    if (events.length === 0) return { changes: [] };
    return { changes: [change(refundKind, loaded, events), ...(await redemption(loaded.state, events))] };
  };

  return {
    kind: 'refund',
    readyEvents: [
      'RefundRequested',
      'RefundReleased',
      'RefundResumed',
      'SplitCountRecorded',
      'RecoveryAsked',
    ],
    plan: (ids, lane) => planRefunds(options, ids, lane),

    async signed(transaction) {
      const loaded = await load(ledger, transaction);
      const { terms, splits: carried } = loaded.state.refund;
      await requireUnsplit(splits, terms.network, terms.vault, [carried]);
      const requires = await requireUnfrozen(catalog, [terms.underlying]);
      const events = decideRefund({ type: 'submit', transactionId: transaction.id }, loaded.state);
      const waiting = await book.waiting(terms.redemptionId, loaded.id);
      return { changes: [change(refundKind, loaded, events), waiting, ...requires] };
    },

    settle: (transaction, receipt) => settle(options, transaction, receipt),

    unsettle: (transaction, why) =>
      tell(transaction, { type: 'unsettle', transactionId: transaction.id, why }, ({ refund }) =>
        book.vanished(refund.terms.redemptionId, onlyOperation(transaction), why),
      ),

    release: (transaction, why) =>
      tell(
        transaction,
        { type: 'release', transactionId: transaction.id, why: why.text },
        async ({ refund }, events) =>
          events.some((it) => it.type === 'RefundClosed')
            ? book.ended(refund.terms.redemptionId, onlyOperation(transaction), {
                why: why.text,
                doubt: null,
              })
            : [],
      ),

    async hold(transaction, why) {
      const loaded = await load(ledger, transaction);
      return holdOf(loaded, why);
    },

    settleFound: (found, receipt) => settleFoundRefund(options, found, receipt),
  };
}

async function settle(
  { ledger, book }: RefundLaneOptions,
  transaction: SignedTransaction,
  receipt: TransactionReceipt,
): Promise<SettleOutcome> {
  const loaded = await load(ledger, transaction);
  const { state } = loaded;
  const { vault, to, amount, redemptionId } = state.refund.terms;
  const reading = readTransferEffect(receipt.logs, vault, transaction.lane.signer, { to, amount });
  const held = (why: string): Outcome => holdOf(loaded, `unexpected effect: ${why}`);
  if (reading.kind === 'unexpected') return { kind: 'unexpected', why: reading.why, ...held(reading.why) };
  const { transactionHash, blockNumber, blockHash } = receipt;
  const effect = {
    transactionHash,
    blockNumber,
    blockHash,
    ordinal: reading.transferOrdinal,
    transactionId: transaction.id,
  };
  try {
    const events = decideRefund({ type: 'settle', effect }, state);
    if (events.length === 0) return { kind: 'settled', changes: [] };
    const settled = await book.settled(redemptionId, loaded.id, { transactionHash, found: false });
    return { kind: 'settled', changes: [change(refundKind, loaded, events), ...settled] };
  } catch (error) {
    if (!(error instanceof IssuanceError) || error.code !== 'operation_state') throw error;
    const why = `a second refund of redemption ${redemptionId} in ${transactionHash}: ${error.message}`;
    return { kind: 'unexpected', why, ...held(why) };
  }
}

/** An end needs no hold. */
function holdOf(loaded: Loaded<RefundState>, why: string): Outcome {
  const isOver = loaded.state.kind === 'completed' || loaded.state.kind === 'closed';
  const events = isOver ? [] : decideRefund({ type: 'hold', why }, loaded.state);
  return { changes: events.length === 0 ? [] : [change(refundKind, loaded, events)] };
}

async function load(
  ledger: Ledger,
  transaction: SignedTransaction,
): Promise<Loaded<RefundState> & { readonly state: KnownRefund }> {
  const loaded = await ledger.load(refundKind, onlyOperation(transaction));
  const { state } = loaded;
  if (state.kind === 'none') throw new IssuanceError('log_corrupt', `there is no refund ${loaded.id}`);
  return { ...loaded, state };
}

function onlyOperation({ id, operations }: SignedTransaction): string {
  const [operation, ...more] = operations;
  if (operation !== undefined && more.length === 0) return operation.id;
  throw new IssuanceError('log_corrupt', `transaction ${id} is not of one refund`);
}
