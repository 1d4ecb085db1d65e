import type { Ledger, Loaded } from '../../event-store/ledger.ts';
import { change } from '../../event-store/ledger.ts';
import type { Catalog } from '../../operation/directory.ts';
import { frozenInLane } from '../../operation/frozen-work.ts';
import type { TransferTerms } from '../../operation/transfer-terms.ts';
import type { Inventory } from '../../receipt/inventory.ts';
import type { Splits } from '../../receipt/splits.ts';
import { splitWrite } from '../../receipt/splits.ts';
import type { LaneContext, Plan, PlanResult } from '../../transaction/lane-feature.ts';
import { receiptTransferCall, transferCall } from '../../vault/calls.ts';
import { compareSplits } from '../../vault/split-count.ts';
import { decideTransfer } from './decide.ts';
import type { MovedReceipt, TransferState } from './state.ts';
import { transferKind } from './transfer-kind.ts';

export interface TransferPlanOptions {
  readonly ledger: Ledger;
  readonly catalog: Pick<Catalog, 'freeze'>;
  readonly splits: Pick<Splits, 'now'>;
  readonly inventory: Pick<Inventory, 'chooseWhole'>;
}

/** Receipts of one transaction: about as much gas as a burn of so many, and half of what a transaction may have. */
export const RECEIPTS_PER_TRANSFER = 150;

/** Receipts that earlier plans of one call took, by vault and holder. */
type Taken = Map<string, Set<bigint>>;

/** Plans requested transfers, each a transaction of its own. No two plans of one call take the same receipt. */
export async function planTransfers(
  options: TransferPlanOptions,
  ids: readonly string[],
  lane: LaneContext,
): Promise<readonly PlanResult[]> {
  const taken: Taken = new Map();
  const results: PlanResult[] = [];
  for (const loaded of await options.ledger.loadMany(transferKind, ids)) {
    results.push(await planTransfer(options, loaded, lane, taken));
  }
  return results;
}

async function planTransfer(
  options: TransferPlanOptions,
  loaded: Loaded<TransferState>,
  lane: LaneContext,
  taken: Taken,
): Promise<PlanResult> {
  const { id, state } = loaded;
  const blocked = (code: string, message: string): PlanResult => ({
    kind: 'blocked',
    operationId: id,
    code,
    message,
  });
  if (state.kind !== 'requested') return blocked('not_ready', `the transfer is ${state.kind}`);
  const { terms } = state.transfer;
  const { chainId, from, underlying, vault } = terms;
  if (chainId !== lane.chainId || from !== lane.signer.toLowerCase()) {
    return blocked('wrong_lane', `what goes over lies with ${from} on chain ${String(chainId)}`);
  }
  const { by } = await options.catalog.freeze(underlying, 'all');
  if (by !== null) return frozenInLane(id, underlying, by);
  if (terms.what.kind === 'receipts') return planReceipts(options, loaded, terms, taken);
  const reading = await options.splits.now(lane.network, vault);
  const verdict = compareSplits(state.transfer.splits, reading);
  if (verdict.kind === 'behind') return blocked('node_behind', verdict.why);
  const events = decideTransfer({ type: 'checkSplits', reading }, state);
  if (events.length > 0) {
    const changes = [change(transferKind, loaded, events)];
    return { kind: 'changes', operationId: id, changes, writes: [splitWrite(chainId, vault, reading)] };
  }
  const { amount } = terms.what;
  const calls = [transferCall(terms.to, amount)];
  return { kind: 'plan', plan: { operationId: id, vault, calls, batchKey: null, detail: { receipts: [] } } };
}

async function planReceipts(
  { inventory }: TransferPlanOptions,
  loaded: Loaded<TransferState>,
  { chainId, vault, receipt, from, to }: TransferTerms,
  taken: Taken,
): Promise<PlanResult> {
  const { id, state } = loaded;
  const key = `${vault}/${from}`;
  const others = taken.get(key) ?? new Set<bigint>();
  taken.set(key, others);
  const receipts = await inventory.chooseWhole(chainId, vault, from, RECEIPTS_PER_TRANSFER, others);
  if (receipts.length === 0) {
    const found = [`every receipt of ${from} on ${vault} is reserved, promised, or being read again`];
    const close = { type: 'close', why: 'nothing is free to go over now', isLive: false, found } as const;
    const changes = [change(transferKind, loaded, decideTransfer(close, state))];
    return { kind: 'changes', operationId: id, changes };
  }
  for (const { receiptId } of receipts) others.add(receiptId);
  const calls = [receiptTransferCall(from, to, receipts)];
  const detail = { receipts: receipts.map((it) => ({ ...it })) };
  return { kind: 'plan', plan: { operationId: id, vault, calls, batchKey: null, direct: receipt, detail } };
}

/** The receipts that a plan's detail names; the lane keeps it with the transaction. */
export function readReceipts(detail: Plan['detail']): readonly MovedReceipt[] {
  return detail['receipts'] as unknown as readonly MovedReceipt[];
}
