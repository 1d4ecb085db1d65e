import type { NextStep } from '../engine/work.ts';
import { workRow } from '../engine/work.ts';
import type { ImpliedRow, StreamFacts, StreamKind } from '../event-store/ledger.ts';
import { unreachable } from '../primitives/failures.ts';
import { effectRow } from '../operation/effect-row.ts';
import { journalRow } from '../operation/journal-row.ts';
import { CLOSING_RECHECK_MS } from '../operation/closing.ts';
import type { OperationFields } from '../operation/operation-row.ts';
import { operationRow } from '../operation/operation-row.ts';
import { evolveMint } from './evolve.ts';
import type { Mint, MintEvent, MintState } from './state.ts';
import { effectOf } from './state.ts';

/** What a mint does next. */
export function nextMintStep(state: MintState): NextStep {
  switch (state.kind) {
    case 'none':
    case 'completed':
    case 'rejected':
    case 'closed':
    case 'dismissed':
      return { kind: 'none' };
    case 'unrequested':
      // Alpaca knows what was requested; we look it up there.
      return state.tokenizationRequestId === null
        ? { kind: 'wait', for: 'operator' }
        : { kind: 'step', dependency: 'alpaca' };
    case 'minted':
      return { kind: 'step', dependency: 'alpaca' };
    case 'requested':
      return { kind: 'wait', for: 'journal' };
    case 'journaled':
      return state.mint.lane === null
        ? { kind: 'wait', for: 'operator' }
        : { kind: 'lane', lane: state.mint.lane };
    case 'submitted':
      return closingStep(state.mint) ?? { kind: 'wait', for: 'transaction' };
    case 'held':
      return closingStep(state.mint) ?? { kind: 'wait', for: 'operator' };
    default:
      return unreachable(state);
  }
}

/** Its transaction is cancelled by whoever closed it; this looks after that, should they not have come so far. */
function closingStep({ closing, terms }: Mint): NextStep | null {
  if (closing === null) return null;
  return {
    kind: 'wait',
    for: 'closing',
    dependency: `chain:${terms.network}`,
    recheckMs: CLOSING_RECHECK_MS,
  };
}

function rows(state: MintState, facts: StreamFacts): readonly ImpliedRow[] {
  if (state.kind === 'none') return [];
  const next = nextMintStep(state);
  const fields = fieldsOf(state, next);
  const { network, underlying } = fields;
  const work = workRow({ kind: 'mint', phase: workPhase(state), next, network, underlying }, facts);
  const effect = effectOf(state);
  if (effect === null || fields.chainId === null || fields.vault === null) {
    return [operationRow(fields, facts), ...work, ...journalClaim(state, facts.id)];
  }
  const { transactionHash, ordinal } = effect;
  const { chainId, vault } = fields;
  const claim = effectRow({ chainId, transactionHash, vault, kind: 'deposit', ordinal }, facts.id);
  return [operationRow(fields, facts), claim, ...work, ...journalClaim(state, facts.id)];
}

/** One whose confirm could not be read needs a person at once, and not only when it waited long for another. */
function workPhase(state: MintState): string {
  return state.kind === 'requested' && state.mint.unclear.length > 0 ? 'unclear' : state.kind;
}

function journalClaim(state: MintState, id: string): readonly ImpliedRow[] {
  const journalId = 'mint' in state ? state.mint.journalId : null;
  return journalId === null ? [] : [journalRow(journalId, id)];
}

function fieldsOf(state: Exclude<MintState, { kind: 'none' }>, next: NextStep): OperationFields {
  const effect = effectOf(state);
  const common = {
    kind: 'mint',
    state: state.kind === 'dismissed' ? 'closed' : state.kind,
    next,
    burned: null,
    dust: null,
    shares: effect?.shares ?? null,
    transactionHash: effect?.transactionHash ?? null,
    receiptId: effect?.receiptId ?? null,
  } as const;
  if (state.kind === 'unrequested' || state.kind === 'dismissed') {
    return {
      ...common,
      reason: state.kind === 'dismissed' ? state.why : (unclearText(state) ?? earlyText(state)),
      underlying: null,
      token: null,
      network: null,
      chainId: null,
      vault: null,
      wallet: null,
      clientId: null,
      quantity: null,
      tokenizationRequestId: state.tokenizationRequestId,
    };
  }
  const { underlying, token, network, chainId, vault, wallet, clientId, quantity, tokenizationRequestId } =
    state.mint.terms;
  const unclear = state.kind === 'requested' ? unclearText(state.mint) : null;
  const reason =
    state.kind === 'held' || state.kind === 'closed' ? state.why : (state.mint.reason ?? unclear);
  return {
    ...common,
    reason,
    underlying,
    token,
    network,
    chainId,
    vault,
    wallet,
    clientId,
    quantity,
    tokenizationRequestId,
  };
}

function earlyText({ confirms }: Extract<MintState, { kind: 'unrequested' }>): string {
  return confirms.length > 0
    ? 'confirmed before it was requested'
    : 'Alpaca lists it, and this database had forgotten it';
}

function unclearText({ unclear }: Pick<Mint, 'unclear'>): string | null {
  const last = unclear.at(-1);
  return last === undefined ? null : `Alpaca’s confirm is not understood: ${last.why}`;
}

export const mintKind: StreamKind<MintState, MintEvent> = {
  category: 'mint',
  initialState: { kind: 'none' },
  evolve: evolveMint,
  phase: (state) => state.kind,
  rows,
};
