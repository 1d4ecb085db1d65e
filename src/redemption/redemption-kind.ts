import type { NextStep } from '../engine/work.ts';
import { workRow } from '../engine/work.ts';
import type { TableDefinition } from '../event-store/event-store.ts';
import type { ImpliedRow, StreamFacts, StreamKind } from '../event-store/ledger.ts';
import { CLOSING_RECHECK_MS } from '../operation/closing.ts';
import { effectRow } from '../operation/effect-row.ts';
import { FROZEN_RECHECK_MS } from '../operation/frozen-work.ts';
import { operationRow } from '../operation/operation-row.ts';
import { unreachable } from '../primitives/failures.ts';
import { PROMISE_TABLE } from '../receipt/receipt-kind.ts';
import { laneId } from '../transaction/lane-id.ts';
import { evolveRedemption } from './evolve.ts';
import { owedShares } from './owed.ts';
import type { Redemption, RedemptionEvent, RedemptionState, WaitReason } from './state.ts';
import { burnedBy, uncovered } from './state.ts';

/** Shares that lie in our wallets for redemptions and recorded remainders: what a vault's balance there must be. */
export const OWED_TABLE: TableDefinition = {
  name: 'owed',
  columns: {
    redemption_id: 'name',
    chain_id: 'integer',
    vault: 'text',
    /** Which of our wallets has them. */
    holder: 'text',
    shares: 'bigint',
  },
  required: ['chain_id', 'vault', 'holder', 'shares'],
  key: ['redemption_id'],
  indexes: [['chain_id', 'vault', 'redemption_id']],
  source: 'log',
};

/** How often a wait is looked at again; a linked wallet and the end of a freeze wake theirs at once. */
export const RECHECK_MS: Readonly<Record<WaitReason, number>> = {
  wallet_unknown: 60_000,
  signer_retired: 60_000,
  quarantine: 5_000,
  frozen: FROZEN_RECHECK_MS,
  receipts_short: 15_000,
};

/** What a redemption does next. */
export function nextRedemptionStep(state: RedemptionState): NextStep {
  switch (state.kind) {
    case 'none':
    case 'recorded':
    case 'completed':
    case 'refunded':
    case 'closed':
      return { kind: 'none' };
    // Its tokens are owed back to their sender, and only a person may send them.
    case 'rejected':
      return { kind: 'wait', for: 'operator' };
    case 'refunding':
      return { kind: 'wait', for: 'refund' };
    case 'detected':
      if (state.redemption.forwarding !== null) return { kind: 'wait', for: 'transfer' };
      return state.waiting === null
        ? { kind: 'step', dependency: 'alpaca' }
        : { kind: 'wait', for: state.waiting, recheckMs: RECHECK_MS[state.waiting] };
    case 'requested':
      return { kind: 'step', dependency: 'alpaca' };
    case 'journaled':
    case 'burning': {
      const { transfer, parts } = state.redemption;
      const closing = closingStep(state.redemption);
      if (closing !== null) return closing;
      return parts.some((it) => it.effect === null)
        ? { kind: 'wait', for: 'transaction' }
        : { kind: 'lane', lane: laneId(transfer.chainId, state.redemption.holder) };
    }
    case 'held':
      return closingStep(state.redemption) ?? { kind: 'wait', for: 'operator' };
    default:
      return unreachable(state);
  }
}

/** Its transaction is cancelled by whoever closed it; this looks after that, should they not have come so far. */
function closingStep({ closing, transfer }: Redemption): NextStep | null {
  if (closing === null) return null;
  const dependency = `chain:${transfer.network}`;
  return { kind: 'wait', for: 'closing', dependency, recheckMs: CLOSING_RECHECK_MS };
}

type KnownState = Exclude<RedemptionState, { kind: 'none' }>;

function rows(state: RedemptionState, facts: StreamFacts): readonly ImpliedRow[] {
  if (state.kind === 'none') return [];
  const next = nextRedemptionStep(state);
  const { transfer } = state.kind === 'recorded' ? state : state.redemption;
  const { network, underlying } = transfer;
  return [
    operation(state, next, facts),
    ...workRow({ kind: 'redemption', phase: state.kind, next, network, underlying }, facts),
    ...(state.kind === 'recorded' ? [] : effects(state.redemption, facts.id)),
    ...(state.kind === 'refunded' ? returned(state, facts.id) : []),
    ...sharesRow(PROMISE_TABLE, state, facts.id, promisedShares(state)),
    ...sharesRow(OWED_TABLE, state, facts.id, owedShares(state)),
  ];
}

function operation(state: KnownState, next: NextStep, facts: StreamFacts): ImpliedRow {
  const redemption = state.kind === 'recorded' ? null : state.redemption;
  const { transfer } = state.kind === 'recorded' ? state : state.redemption;
  const { underlying, token, network, chainId, vault } = transfer;
  return operationRow(
    {
      kind: 'redemption',
      state: state.kind,
      next,
      reason: reasonOf(state),
      underlying,
      token,
      network,
      chainId,
      vault,
      wallet: transfer.from,
      clientId: redemption?.clientId ?? null,
      quantity: redemption?.quantity ?? null,
      shares: transfer.amount,
      burned: redemption === null ? null : burnedBy(redemption).quantity,
      dust: redemption?.dust ?? null,
      transactionHash: transfer.transactionHash,
      receiptId: null,
      tokenizationRequestId: redemption?.tokenizationRequestId ?? null,
    },
    facts,
  );
}

function reasonOf(state: KnownState): string | null {
  switch (state.kind) {
    case 'recorded':
    case 'held':
    case 'closed':
      return state.why;
    case 'refunding':
      return `goes back as refund ${state.refundId}`;
    case 'refunded':
      return state.returnedOrdinal === null
        ? `went back in ${state.transactionHash} as refund ${state.refundId}`
        : `went back in ${state.transactionHash}, by hand`;
    default:
      return state.redemption.reason;
  }
}

function effects({ transfer, parts }: Redemption, id: string): readonly ImpliedRow[] {
  const { chainId, vault } = transfer;
  return parts.flatMap(({ effect }) =>
    effect === null
      ? []
      : effect.ordinals.map((ordinal) => {
          const { transactionHash } = effect;
          return effectRow({ chainId, transactionHash, vault, kind: 'withdraw', ordinal }, id);
        }),
  );
}

/** A transfer that a person made past the refund is claimed here; that of a refund is claimed by the refund. */
function returned(
  { redemption, transactionHash, returnedOrdinal: ordinal }: Extract<KnownState, { kind: 'refunded' }>,
  id: string,
): readonly ImpliedRow[] {
  if (ordinal === null) return [];
  const { chainId, vault } = redemption.transfer;
  return [effectRow({ chainId, transactionHash, vault, kind: 'transfer', ordinal }, id)];
}

/** What is promised to Alpaca's journal and not reserved by a signed burn yet. */
function promisedShares(state: KnownState): bigint {
  const isOpen = ['detected', 'requested', 'journaled', 'burning', 'held'].includes(state.kind);
  if (!isOpen || state.kind === 'recorded' || state.redemption.promise === null) return 0n;
  return uncovered(state.redemption).quantity;
}

function sharesRow(
  table: TableDefinition,
  state: KnownState,
  id: string,
  shares: bigint,
): readonly ImpliedRow[] {
  if (shares === 0n) return [];
  const { transfer, holder } = state.kind === 'recorded' ? recordedHolder(state) : state.redemption;
  const { chainId, vault } = transfer;
  return [{ table: table.name, row: { redemption_id: id, chain_id: chainId, vault, holder, shares } }];
}

/** What was only recorded is handed over with whatever else is of no redemption: nobody asks which wallet has it. */
function recordedHolder({ transfer }: Extract<KnownState, { kind: 'recorded' }>) {
  return { transfer, holder: transfer.holder };
}

export const redemptionKind: StreamKind<RedemptionState, RedemptionEvent> = {
  category: 'redemption',
  initialState: { kind: 'none' },
  evolve: evolveRedemption,
  phase: (state) => state.kind,
  rows,
};
