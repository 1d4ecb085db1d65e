import type { Address } from 'viem';
import type { Worker } from '../engine/work.ts';
import type { EventStore } from '../event-store/event-store.ts';
import type { Ledger } from '../event-store/ledger.ts';
import { change } from '../event-store/ledger.ts';
import type { OperationActions } from '../operation/actions.ts';
import type { Catalog } from '../operation/directory.ts';
import { readWork } from '../operation/look-at-work.ts';
import { OPERATION_TABLE } from '../operation/operation-row.ts';
import type { RefundedBook, RefundOpener } from '../operation/refund-terms.ts';
import type { Clock } from '../ports/ports.ts';
import type { Splits } from '../receipt/splits.ts';
import type { TransactionDesk } from '../transaction/desk.ts';
import type { LaneFeature } from '../transaction/lane-feature.ts';
import { createRefundActions } from './actions/create-refund-actions.ts';
import { decideRefund } from './decide.ts';
import { createRefundLane } from './lane.ts';
import { refundKind } from './refund-kind.ts';
import { createRefundWorker } from './worker.ts';

export interface RefundOptions {
  readonly ledger: Ledger;
  readonly store: EventStore;
  readonly catalog: Pick<Catalog, 'freeze'>;
  readonly splits: Pick<Splits, 'now'>;
  readonly book: RefundedBook;
  readonly clock: Clock;
  readonly desk: Pick<TransactionDesk, 'cancel'>;
  /** Our signers on a network, retired ones too, in lower case. */
  readonly wallets: (network: string) => readonly Address[];
}

export interface RefundFeature {
  readonly worker: Worker;
  readonly lane: LaneFeature;
  readonly opener: RefundOpener;
  /** What operators can do to refunds. */
  actions(desk: TransactionDesk): OperationActions;
  /** Whether tokens of the vault may be on their way back, so that what our wallets hold is between two figures. */
  isUnderWay(chainId: number, vault: Address): Promise<boolean>;
}

/** Creates the refund feature. */
export function createRefund(options: RefundOptions): RefundFeature {
  const { ledger, store } = options;
  return {
    worker: createRefundWorker(options),
    lane: createRefundLane(options),
    actions: (desk) => createRefundActions({ ...options, desk, work: (id) => readWork(store, id) }),
    opener: {
      async open(refundId, terms, found) {
        const loaded = await ledger.load(refundKind, refundId);
        return change(refundKind, loaded, decideRefund({ type: 'request', terms, found }, loaded.state));
      },
    },
    async isUnderWay(chainId, vault) {
      for (const state of ['submitted', 'held']) {
        const where = { kind: 'refund', state, chain_id: chainId, vault };
        if ((await store.count({ table: OPERATION_TABLE.name, where, limit: 1 })) > 0) return true;
      }
      return false;
    },
  };
}
