import type { Address } from 'viem';
import type { Change, Ledger, Loaded } from '../../event-store/ledger.ts';
import { change } from '../../event-store/ledger.ts';
import type { Catalog } from '../../operation/directory.ts';
import { requireUnfrozen } from '../../operation/frozen-work.ts';
import type { ForwardedBook } from '../../operation/transfer-terms.ts';
import { IssuanceError } from '../../primitives/failures.ts';
import type { Inventory } from '../../receipt/inventory.ts';
import { requireUnsplit } from '../../receipt/splits.ts';
import type { LaneFeature, Outcome, SignedTransaction } from '../../transaction/lane-feature.ts';
import { decideTransfer } from './decide.ts';
import { settleFoundTransfer } from './lane-found.ts';
import type { TransferPlanOptions } from './lane-plan.ts';
import { planTransfers, readReceipts } from './lane-plan.ts';
import { settleTransfer, holdTransfer } from './lane-settle.ts';
import type { KnownTransfer, MovedReceipt, TransferEvent, TransferState } from './state.ts';
import { transferKind } from './transfer-kind.ts';

export interface TransferLaneOptions extends TransferPlanOptions {
  readonly ledger: Ledger;
  readonly inventory: Inventory;
  readonly catalog: Pick<Catalog, 'freeze' | 'vault'>;
  readonly book: ForwardedBook;
  /** Our signers on a network, retired ones too, in lower case. */
  readonly wallets: (network: string) => readonly Address[];
}

type LoadedTransfer = Loaded<TransferState> & { readonly state: KnownTransfer };

/** Creates what the lanes ask of transfers between our signers: each is a transaction of its own. */
export function createTransferLane(options: TransferLaneOptions): LaneFeature {
  const { ledger, inventory, book } = options;
  return {
    kind: 'transfer',
    readyEvents: [
      'TransferRequested',
      'TransferReleased',
      'TransferResumed',
      'SplitCountRecorded',
      'RecoveryAsked',
    ],
    plan: (ids, lane) => planTransfers(options, ids, lane),

    async signed(transaction, plans) {
      const loaded = await loadTransfer(ledger, transaction);
      const { terms, splits } = loaded.state.transfer;
      const { chainId, vault, from, what } = terms;
      const receipts = plans.flatMap((it) => readReceipts(it.detail));
      const submit = { type: 'submit', transactionId: transaction.id, receipts } as const;
      const changes: Change[] = [
        change(transferKind, loaded, decideTransfer(submit, loaded.state)),
        ...(await requireUnfrozen(options.catalog, [terms.underlying])),
      ];
      if (what.kind !== 'receipts') await requireUnsplit(options.splits, terms.network, vault, [splits]);
      if (what.kind === 'redemption') changes.push(await book.waiting(what.redemptionId, loaded.id));
      if (what.kind !== 'receipts') return { changes };
      const shares = receipts.reduce((sum, it) => sum + it.shares, 0n);
      // What was promised to redemptions stays, whoever promised it since the plan was made.
      const { available, guard } = await inventory.available(chainId, vault, from, shares);
      if (available < shares) {
        throw new IssuanceError('receipt_short', `${from} promised what was to go over`);
      }
      changes.push(...(await inventory.reserve(loaded.id, transaction.id, chainId, vault, receipts)));
      return { changes, guards: [guard] };
    },

    settle: async (transaction, receipt) =>
      settleTransfer(options, transaction, receipt, await loadTransfer(ledger, transaction)),

    async unsettle(transaction, why) {
      const loaded = await loadTransfer(ledger, transaction);
      const { state } = loaded;
      const events = decideTransfer({ type: 'unsettle', transactionId: transaction.id, why }, state);
      if (events.length === 0 || state.kind !== 'completed') return { changes: [] };
      const { terms, receipts } = state.transfer;
      const { chainId, vault, from, to, what } = terms;
      const { transactionHash } = state.effect;
      const how = { to, transactionHash, why };
      const further =
        what.kind === 'redemption'
          ? await book.vanished(what.redemptionId, loaded.id, from, why)
          : await takenBack(options, loaded.id, chainId, vault, receipts, how);
      return join(loaded, events, further);
    },

    async release(transaction, why) {
      const loaded = await loadTransfer(ledger, transaction);
      const { state } = loaded;
      const command = { type: 'release', transactionId: transaction.id, why: why.text } as const;
      const events = decideTransfer(command, state);
      if (events.length === 0) return { changes: [] };
      const { terms, receipts } = state.transfer;
      const { chainId, vault, what } = terms;
      const isClosed = events.some((it) => it.type === 'TransferClosed');
      const ended =
        what.kind === 'redemption' && isClosed
          ? await book.ended(what.redemptionId, loaded.id, why.text)
          : [];
      const freed =
        receipts.length === 0 ? [] : await inventory.release(loaded.id, chainId, vault, receipts, why.text);
      return join(loaded, events, [...ended, ...freed]);
    },

    hold: async (transaction, why) => holdTransfer(await loadTransfer(ledger, transaction), why),

    settleFound: (found, receipt) => settleFoundTransfer(options, found, receipt),
  };
}

async function takenBack(
  { inventory }: TransferLaneOptions,
  id: string,
  chainId: number,
  vault: `0x${string}`,
  receipts: readonly MovedReceipt[],
  how: Parameters<Inventory['takenBack']>[4],
): Promise<readonly Change[]> {
  return receipts.length === 0 ? [] : inventory.takenBack(id, chainId, vault, receipts, how);
}

function join(loaded: LoadedTransfer, events: readonly TransferEvent[], further: readonly Change[]): Outcome {
  return { changes: [change(transferKind, loaded, events), ...further] };
}

async function loadTransfer(ledger: Ledger, { id, operations }: SignedTransaction): Promise<LoadedTransfer> {
  const [operation, ...more] = operations;
  if (operation === undefined || more.length > 0) {
    throw new IssuanceError('log_corrupt', `transaction ${id} is not of one transfer`);
  }
  const loaded = await ledger.load(transferKind, operation.id);
  const { state } = loaded;
  if (state.kind === 'none') throw new IssuanceError('log_corrupt', `there is no transfer ${loaded.id}`);
  return { ...loaded, state };
}
