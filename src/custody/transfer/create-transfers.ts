import { stageOf } from '../../operation/sole-stage.ts';
import type { Address } from 'viem';
import type { RpcClient } from '../../chain/rpc/types.ts';
import type { Worker } from '../../engine/work.ts';
import type { EventStore } from '../../event-store/event-store.ts';
import type { Change, Ledger } from '../../event-store/ledger.ts';
import { change } from '../../event-store/ledger.ts';
import type { OperationActions } from '../../operation/actions.ts';
import { cancelForClosing } from '../../operation/closing.ts';
import { readWork } from '../../operation/look-at-work.ts';
import type { TransferTerms } from '../../operation/transfer-terms.ts';
import type { Clock } from '../../ports/ports.ts';
import { createReadFresh } from '../../receipt/fresh-balances.ts';
import type { TransactionDesk } from '../../transaction/desk.ts';
import type { LaneFeature } from '../../transaction/lane-feature.ts';
import { createTransferActions } from './actions.ts';
import { decideTransfer } from './decide.ts';
import type { TransferLaneOptions } from './lane.ts';
import { createTransferLane } from './lane.ts';
import { transferKind } from './transfer-kind.ts';

export interface TransferOptions extends TransferLaneOptions {
  readonly store: EventStore;
  readonly rpcOf: (network: string) => RpcClient;
  readonly clock: Clock;
  readonly desk: Pick<TransactionDesk, 'cancel'>;
}

export interface TransferFeature {
  readonly worker: Worker;
  readonly lane: LaneFeature;
  /** What operators can do to transfers. */
  actions(desk: TransactionDesk): OperationActions;
}

/** Creates the feature of transfers between our own signers. */
export function createTransfers(options: TransferOptions): TransferFeature {
  const { store, rpcOf, wallets, catalog } = options;
  const receiptOf = async (chainId: number, vault: Address) =>
    (await catalog.vault(chainId, vault))?.receipt ?? null;
  const readFresh = createReadFresh({ store, rpcOf, wallets, receiptOf });
  return {
    worker: createTransferWorker(options),
    lane: createTransferLane(options),
    actions: (desk) =>
      createTransferActions({ ...options, readFresh, desk, work: (id) => readWork(store, id) }),
  };
}

/** For the commit that begins a transfer. @throws IssuanceError `operation_state` */
export async function openTransfer(
  ledger: Ledger,
  transferId: string,
  terms: TransferTerms,
): Promise<Change> {
  const loaded = await ledger.load(transferKind, transferId);
  return change(transferKind, loaded, decideTransfer({ type: 'request', terms }, loaded.state));
}

/** Takes transfers to the end that an operator asked for; all else is the lanes'. */
function createTransferWorker({ ledger, desk, clock }: TransferOptions): Worker {
  return {
    kind: 'transfer',
    async step({ id }) {
      const { state } = await ledger.load(transferKind, id);
      const stage = stageOf(state);
      const closing = state.kind === 'none' ? null : state.transfer.closing;
      // It moved since the row was read; the row has moved with it.
      if (closing === null || stage?.kind !== 'submitted') return { kind: 'advanced' };
      return cancelForClosing(desk, id, stage.transactionId, clock.nowMs());
    },
  };
}
