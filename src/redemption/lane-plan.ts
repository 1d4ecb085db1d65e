import type { Address } from 'viem';
import type { Ledger, Loaded } from '../event-store/ledger.ts';
import { change } from '../event-store/ledger.ts';
import type { Catalog } from '../operation/directory.ts';
import { frozenInLane } from '../operation/frozen-work.ts';
import type { Inventory, ReceiptPick } from '../receipt/inventory.ts';
import type { Splits } from '../receipt/splits.ts';
import { splitWrite } from '../receipt/splits.ts';
import type { LaneContext, Plan, PlanResult } from '../transaction/lane-feature.ts';
import { burnCalls } from '../vault/calls.ts';
import type { SplitReading } from '../vault/split-count.ts';
import { compareSplits } from '../vault/split-count.ts';
import { decideRedemption } from './decide.ts';
import { redemptionKind } from './redemption-kind.ts';
import type { Pick, Redemption, RedemptionState } from './state.ts';
import { sharesOf, uncovered } from './state.ts';

/** Burns of about this many receipts fit into one transaction by gas; see the vault's costs per receipt. */
export const MAX_RECEIPTS_PER_PART = 140;

export interface BurnPlanOptions {
  readonly ledger: Ledger;
  readonly catalog: { freeze: Catalog['freeze'] };
  readonly inventory: { choose: Inventory['choose'] };
  readonly splits: { now: Splits['now'] };
}

/** What earlier plans of the same call take of each receipt: nothing is reserved before it is signed. */
type Taken = Map<string, Map<bigint, bigint>>;

/** What one call of `plan` has come to know. */
interface Known {
  readonly taken: Taken;
  /** Split counts, by vault. */
  readonly splits: Map<Address, SplitReading>;
}

/**
 * Plans the next part of each journaled redemption; no two plans of one call use the same shares. One whose vault split
 * since the tokens came is held instead.
 */
export async function planBurns(
  options: BurnPlanOptions,
  ids: readonly string[],
  lane: LaneContext,
): Promise<readonly PlanResult[]> {
  const known: Known = { taken: new Map(), splits: new Map() };
  const results: PlanResult[] = [];
  for (const loaded of await options.ledger.loadMany(redemptionKind, ids)) {
    results.push(await planBurn(options, loaded, lane, known));
  }
  return results;
}

async function planBurn(
  options: BurnPlanOptions,
  loaded: Loaded<RedemptionState>,
  lane: LaneContext,
  { taken, splits }: Known,
): Promise<PlanResult> {
  const { id, state } = loaded;
  const blocked = (code: string, message: string): PlanResult => ({
    kind: 'blocked',
    operationId: id,
    code,
    message,
  });
  if (state.kind !== 'journaled' && state.kind !== 'burning') {
    return blocked('not_ready', `the redemption is ${state.kind}`);
  }
  const { redemption } = state;
  const { transfer } = redemption;
  if (transfer.chainId !== lane.chainId || redemption.holder !== lane.signer.toLowerCase()) {
    return blocked('wrong_lane', `the tokens lie in ${redemption.holder} on chain ${transfer.chainId}`);
  }
  if (redemption.parts.some((it) => it.effect === null)) {
    return blocked('not_ready', 'a part of the burn is pending');
  }
  const { by } = await options.catalog.freeze(transfer.underlying, 'all');
  if (by !== null) return frozenInLane(id, transfer.underlying, by);
  const { vault } = transfer;
  const reading = splits.get(vault) ?? (await options.splits.now(lane.network, vault));
  splits.set(vault, reading);
  const verdict = compareSplits(redemption.splits, reading);
  if (verdict.kind === 'behind') return blocked('node_behind', verdict.why);
  const events = decideRedemption({ type: 'checkSplits', reading }, state);
  if (events.length > 0) {
    const changes = [change(redemptionKind, loaded, events)];
    const writes = [splitWrite(transfer.chainId, vault, reading)];
    return { kind: 'changes', operationId: id, changes, writes };
  }
  const left = uncovered(redemption);
  const picks = await choose(options, redemption, left.quantity, taken);
  const covered = sharesOf(picks);
  if (covered < left.quantity && picks.length < MAX_RECEIPTS_PER_PART) {
    return blocked('receipts_short', `receipts for ${covered} of ${left.quantity} shares are free`);
  }
  const dust = covered === left.quantity ? left.dust : 0n;
  return { kind: 'plan', plan: planOf(id, redemption, picks, dust, lane) };
}

function planOf(
  operationId: string,
  { transfer }: Redemption,
  picks: readonly Pick[],
  dust: bigint,
  lane: LaneContext,
): Plan {
  const { vault, from } = transfer;
  const returned = dust === 0n ? undefined : { to: from, amount: dust };
  return {
    operationId,
    vault,
    calls: burnCalls({ burns: picks, dust: returned, signer: lane.signer }),
    batchKey: null,
    detail: { picks, dust, recipient: from },
  };
}

/** What a plan's detail says; the lane keeps it with the transaction. */
export function readDetail(detail: Plan['detail']): {
  readonly picks: readonly Pick[];
  readonly dust: bigint;
  readonly recipient: Address;
} {
  return {
    picks: detail['picks'] as unknown as readonly Pick[],
    dust: detail['dust'] as bigint,
    recipient: detail['recipient'] as Address,
  };
}

/** Chooses receipts for up to one part, leaving to earlier plans what they take. */
async function choose(
  { inventory }: BurnPlanOptions,
  { transfer, holder }: Redemption,
  shares: bigint,
  taken: Taken,
): Promise<readonly Pick[]> {
  const { chainId, vault } = transfer;
  const key = `${chainId}/${vault}/${holder}`;
  const mine = taken.get(key) ?? new Map<bigint, bigint>();
  taken.set(key, mine);
  const takenShares = [...mine.values()].reduce((sum, it) => sum + it, 0n);
  const most = MAX_RECEIPTS_PER_PART + mine.size;
  // Asks for as much more as earlier plans may take of the answer, so that enough is left in any case.
  const { picks } = await inventory.choose(chainId, vault, holder, shares + takenShares, most);
  const chosen = cut(picks, mine, shares);
  for (const { receiptId, shares: used } of chosen) mine.set(receiptId, (mine.get(receiptId) ?? 0n) + used);
  return chosen;
}

function cut(
  picks: readonly ReceiptPick[],
  taken: ReadonlyMap<bigint, bigint>,
  shares: bigint,
): readonly Pick[] {
  const chosen: Pick[] = [];
  let missing = shares;
  for (const { receiptId, shares: offered, information } of picks) {
    const free = offered - (taken.get(receiptId) ?? 0n);
    const used = free < missing ? free : missing;
    if (used <= 0n || chosen.length === MAX_RECEIPTS_PER_PART) continue;
    chosen.push({ receiptId, shares: used, information });
    missing -= used;
  }
  return chosen;
}
