import type { Ledger, Loaded } from '../event-store/ledger.ts';
import { change } from '../event-store/ledger.ts';
import type { Catalog } from '../operation/directory.ts';
import { frozenInLane } from '../operation/frozen-work.ts';
import { formatQuantity } from '../primitives/quantity.ts';
import type { Inventory } from '../receipt/inventory.ts';
import type { Splits } from '../receipt/splits.ts';
import { splitWrite } from '../receipt/splits.ts';
import type { LaneContext, PlanResult } from '../transaction/lane-feature.ts';
import { mintCalls } from '../vault/calls.ts';
import { encodeReceiptInformation } from '../vault/receipt-information.ts';
import type { SplitReading } from '../vault/split-count.ts';
import { compareSplits } from '../vault/split-count.ts';
import { decideMint } from './decide.ts';
import { mintKind } from './mint-kind.ts';
import type { Mint, MintState } from './state.ts';

export interface MintPlanOptions {
  readonly ledger: Ledger;
  readonly catalog: Pick<Catalog, 'freeze'>;
  readonly inventory: Pick<Inventory, 'depositOf'>;
  readonly splits: { now: Splits['now'] };
}

/** What one call of `plan` has asked already. */
interface Asked {
  /** The holds that stop everything, by underlying; null where there is none. */
  readonly frozenBy: Map<string, string | null>;
  /** Split counts, by vault. */
  readonly splits: Map<string, SplitReading>;
}

/**
 * Plans journaled mints. One whose deposit is on chain already is held instead: it is never minted twice. So is one
 * whose vault split since its quantity was fixed.
 */
export async function planMints(
  options: MintPlanOptions,
  ids: readonly string[],
  lane: LaneContext,
): Promise<readonly PlanResult[]> {
  const loaded = await options.ledger.loadMany(mintKind, ids);
  const asked: Asked = { frozenBy: new Map(), splits: new Map() };
  const results: PlanResult[] = [];
  for (const mint of loaded) results.push(await planMint(options, mint, lane, asked));
  return results;
}

async function planMint(
  options: MintPlanOptions,
  loaded: Loaded<MintState>,
  lane: LaneContext,
  { frozenBy, splits }: Asked,
): Promise<PlanResult> {
  const { id, state } = loaded;
  const blocked = (code: string, message: string): PlanResult => ({
    kind: 'blocked',
    operationId: id,
    code,
    message,
  });
  if (state.kind !== 'journaled') return blocked('not_ready', `the mint is ${state.kind}`);
  const { terms } = state.mint;
  if (terms.chainId !== lane.chainId) {
    return blocked('wrong_lane', `the mint is on chain ${terms.chainId}, the lane on ${lane.chainId}`);
  }
  const { underlying } = terms;
  // Disabling an asset does not stop it: its shares have moved, and the tokens are owed.
  const by = frozenBy.get(underlying) ?? (await options.catalog.freeze(underlying, 'all')).by;
  frozenBy.set(underlying, by);
  if (by !== null) return frozenInLane(id, underlying, by);
  const deposit = await options.inventory.depositOf(id, state.mint.voidedDeposits);
  if (deposit !== null) {
    const why =
      `receipt ${deposit.receiptId} of vault ${deposit.vault} was deposited for it ` +
      `in ${deposit.transactionHash}`;
    const events = decideMint({ type: 'hold', why }, state);
    return { kind: 'changes', operationId: id, changes: [change(mintKind, loaded, events)] };
  }
  const { vault } = terms;
  const reading = splits.get(vault) ?? (await options.splits.now(lane.network, vault));
  splits.set(vault, reading);
  const verdict = compareSplits(state.mint.splits, reading);
  if (verdict.kind === 'behind') return blocked('node_behind', verdict.why);
  const events = decideMint({ type: 'checkSplits', reading }, state);
  if (events.length > 0) {
    const changes = [change(mintKind, loaded, events)];
    const writes = [splitWrite(terms.chainId, vault, reading)];
    return { kind: 'changes', operationId: id, changes, writes };
  }
  return { kind: 'plan', plan: planOf(id, state.mint, lane) };
}

function planOf(id: string, mint: Mint, lane: LaneContext): Extract<PlanResult, { kind: 'plan' }>['plan'] {
  const { terms, alone } = mint;
  const information = encodeReceiptInformation({
    tokenization_request_id: terms.tokenizationRequestId,
    issuer_request_id: id,
    underlying: terms.underlying,
    quantity: formatQuantity(terms.quantity),
    timestamp: new Date(terms.requestedAtMs).toISOString(),
    notes: null,
  });
  const call = { assets: terms.quantity, signer: lane.signer, recipient: terms.wallet, information };
  return {
    operationId: id,
    vault: terms.vault,
    calls: mintCalls(call),
    batchKey: alone ? null : terms.vault,
    detail: { shares: terms.quantity, recipient: terms.wallet },
  };
}
