import type { Ledger, Loaded } from '../event-store/ledger.ts';
import { change } from '../event-store/ledger.ts';
import type { Catalog } from '../operation/directory.ts';
import { formatQuantity } from '../primitives/quantity.ts';
import type { Inventory } from '../receipt/inventory.ts';
import type { LaneContext, PlanResult } from '../transaction/lane-feature.ts';
import { mintCalls } from '../vault/calls.ts';
import { encodeReceiptInformation } from '../vault/receipt-information.ts';
import { decideMint } from './decide.ts';
import { mintKind } from './mint-kind.ts';
import type { Mint, MintState } from './state.ts';

export interface MintPlanOptions {
  readonly ledger: Ledger;
  readonly catalog: Pick<Catalog, 'frozen'>;
  readonly inventory: Pick<Inventory, 'depositOf'>;
}

/** Plans journaled mints. One whose deposit is on chain already is held instead: it is never minted twice. */
export async function planMints(
  options: MintPlanOptions,
  ids: readonly string[],
  lane: LaneContext,
): Promise<readonly PlanResult[]> {
  const loaded = await options.ledger.loadMany(mintKind, ids);
  const frozen = new Map<string, boolean>();
  const results: PlanResult[] = [];
  for (const mint of loaded) results.push(await planMint(options, mint, lane, frozen));
  return results;
}

async function planMint(
  options: MintPlanOptions,
  loaded: Loaded<MintState>,
  lane: LaneContext,
  frozen: Map<string, boolean>,
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
  const isFrozen = frozen.get(underlying) ?? (await options.catalog.frozen(underlying, 'all'));
  frozen.set(underlying, isFrozen);
  if (isFrozen) return blocked('frozen', `everything of ${underlying} is frozen`);
  const deposit = await options.inventory.depositOf(id);
  if (deposit !== null) {
    const why =
      `receipt ${deposit.receiptId} of vault ${deposit.vault} was deposited for it ` +
      `in ${deposit.transactionHash}`;
    const events = decideMint({ type: 'hold', why }, state);
    return { kind: 'changes', operationId: id, changes: [change(mintKind, loaded, events)] };
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
