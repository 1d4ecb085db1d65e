import type { Address } from 'viem';
import type { AlpacaClient } from '../alpaca/types.ts';
import type { RpcClient } from '../chain/rpc/types.ts';
import type { Worker } from '../engine/work.ts';
import type { EventStore } from '../event-store/event-store.ts';
import type { OperationActions } from '../operation/actions.ts';
import { readWork } from '../operation/look-at-work.ts';
import type { Inventory } from '../receipt/inventory.ts';
import type { Splits } from '../receipt/splits.ts';
import type { Log } from '../telemetry/log.ts';
import type { TransactionDesk } from '../transaction/desk.ts';
import type { LaneFeature, LaneId } from '../transaction/lane-feature.ts';
import { createMintActions } from './actions/create-mint-actions.ts';
import type { ConfirmResult, UnreadBody } from './confirm.ts';
import { confirmMint } from './confirm.ts';
import { createMintLane } from './lane.ts';
import { moveStrandedMints } from './move.ts';
import { createMintNamespaces } from './namespaces.ts';
import { noticeRestore } from './restore/notice-restore.ts';
import { createRestoreWorker } from './restore/restore-worker.ts';
import type { MintRequestOptions, MintRequestResult } from './request.ts';
import { requestMint } from './request.ts';
import { createMintWorker } from './worker.ts';

export interface MintOptions extends MintRequestOptions {
  readonly store: EventStore;
  readonly inventory: Inventory;
  readonly splits: Splits;
  readonly alpaca: AlpacaClient;
  readonly rpcOf: (network: string) => Pick<RpcClient, 'pinned'>;
  readonly log: Log;
  /** The lanes that sign at present. */
  readonly lanes: () => readonly LaneId[];
  /** Our signers on a network, retired ones too, in lower case. */
  readonly wallets: (network: string) => readonly Address[];
  readonly desk: Pick<TransactionDesk, 'cancel'>;
}

export interface MintFeature {
  /** Takes Alpaca's mint request in: `body` as parsed, of either generation; `causation` a request id for the log. */
  request(body: unknown, causation?: string): Promise<MintRequestResult>;
  /** Stores Alpaca's word on a journal, then says how to answer. Only ever after the sender was authenticated. */
  confirm(body: unknown, causation?: string, unread?: UnreadBody | null): Promise<ConfirmResult>;
  /** Moves journaled mints of a network to the lane that signs for it now, after a change of signer. */
  moveStranded(network: string, chainId: number): Promise<number>;
  /** Ids that the mint of a tokenization request may have. */
  idsOf(tokenizationRequestId: string): Promise<readonly string[]>;
  /** To be called before the first request is taken in. */
  open(): Promise<void>;
  /** Notes that the database came from a backup. Before anything else is committed. */
  noticeRestore(): Promise<void>;
  /** Compares with Alpaca what a restored database may have forgotten. */
  restoreWorker(desk: TransactionDesk): Worker;
  readonly worker: Worker;
  readonly lane: LaneFeature;
  /** What operators can do to mints. */
  actions(desk: TransactionDesk): OperationActions;
}

/** Creates the mint feature. */
export function createMint(options: MintOptions): MintFeature {
  const alarm: Log['error'] = (fields, message) => {
    options.log.error(fields, message);
  };
  const actions = (desk: TransactionDesk): OperationActions =>
    createMintActions({ ...options, desk, work: (id) => readWork(options.store, id) });
  const namespaces = createMintNamespaces(options.store, options.alpacaAccount);
  return {
    open: () => namespaces.remember(),
    noticeRestore: () => noticeRestore(options),
    restoreWorker: (desk) => createRestoreWorker({ ...options, desk, actions: () => actions(desk) }),
    idsOf: (tokenizationRequestId) => namespaces.mintIds(tokenizationRequestId),
    request: (body, causation) => requestMint(options, body, causation),
    confirm: (body, causation, unread) => confirmMint({ ...options, alarm }, body, causation, unread),
    moveStranded: (network, chainId) => moveStrandedMints(options, network, options.laneOf(chainId)),
    worker: createMintWorker(options),
    lane: createMintLane(options),
    actions,
  };
}
