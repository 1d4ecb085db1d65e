import type { Ledger, Loaded } from '../event-store/ledger.ts';
import { change } from '../event-store/ledger.ts';
import type { Catalog } from '../operation/directory.ts';
import { frozenInLane } from '../operation/frozen-work.ts';
import type { Splits } from '../receipt/splits.ts';
import { splitWrite } from '../receipt/splits.ts';
import type { LaneContext, PlanResult } from '../transaction/lane-feature.ts';
import { transferCall } from '../vault/calls.ts';
import { compareSplits } from '../vault/split-count.ts';
import { decideRefund } from './decide.ts';
import { refundKind } from './refund-kind.ts';
import type { RefundState } from './state.ts';

export interface RefundPlanOptions {
  readonly ledger: Ledger;
  readonly catalog: Pick<Catalog, 'freeze'>;
  readonly splits: Pick<Splits, 'now'>;
}

/** Plans requested refunds: a plain transfer of the whole amount to whoever sent it. */
export async function planRefunds(
  options: RefundPlanOptions,
  ids: readonly string[],
  lane: LaneContext,
): Promise<readonly PlanResult[]> {
  const results: PlanResult[] = [];
  for (const loaded of await options.ledger.loadMany(refundKind, ids)) {
    results.push(await planRefund(options, loaded, lane));
  }
  return results;
}

async function planRefund(
  options: RefundPlanOptions,
  loaded: Loaded<RefundState>,
  lane: LaneContext,
): Promise<PlanResult> {
  const { id, state } = loaded;
  const blocked = (code: string, message: string): PlanResult => ({
    kind: 'blocked',
    operationId: id,
    code,
    message,
  });
  if (state.kind !== 'requested') return blocked('not_ready', `the refund is ${state.kind}`);
  const { chainId, holder, vault, underlying, to, amount } = state.refund.terms;
  if (chainId !== lane.chainId || holder !== lane.signer.toLowerCase()) {
    return blocked('wrong_lane', `the tokens lie in ${holder} on chain ${String(chainId)}`);
  }
  const { by } = await options.catalog.freeze(underlying, 'all');
  if (by !== null) return frozenInLane(id, underlying, by);
  const reading = await options.splits.now(lane.network, vault);
  const verdict = compareSplits(state.refund.splits, reading);
  if (verdict.kind === 'behind') return blocked('node_behind', verdict.why);
  const events = decideRefund({ type: 'checkSplits', reading }, state);
  if (events.length > 0) {
    const changes = [change(refundKind, loaded, events)];
    return { kind: 'changes', operationId: id, changes, writes: [splitWrite(chainId, vault, reading)] };
  }
  const calls = [transferCall(to, amount)];
  return { kind: 'plan', plan: { operationId: id, vault, calls, batchKey: null, detail: { to, amount } } };
}
