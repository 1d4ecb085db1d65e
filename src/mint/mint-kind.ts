import type { NextStep } from '../engine/work.ts';
import { workRow } from '../engine/work.ts';
import type { ImpliedRow, StreamFacts, StreamKind } from '../event-store/ledger.ts';
import { unreachable } from '../primitives/failures.ts';
import { effectRow } from '../operation/effect-row.ts';
import type { OperationFields } from '../operation/operation-row.ts';
import { operationRow } from '../operation/operation-row.ts';
import { evolveMint } from './evolve.ts';
import type { MintEvent, MintState } from './state.ts';
import { effectOf } from './state.ts';

/** What a mint does next. */
export function nextMintStep(state: MintState): NextStep {
  switch (state.kind) {
    case 'none':
    case 'completed':
    case 'rejected':
    case 'closed':
      return { kind: 'none' };
    // Alpaca knows what was requested; we look it up there.
    case 'unrequested':
    case 'minted':
      return { kind: 'step', dependency: 'alpaca' };
    case 'requested':
      return { kind: 'wait', for: 'journal' };
    case 'journaled':
      return state.mint.lane === null
        ? { kind: 'wait', for: 'operator' }
        : { kind: 'lane', lane: state.mint.lane };
    case 'submitted':
      return { kind: 'wait', for: 'transaction' };
    case 'held':
      return { kind: 'wait', for: 'operator' };
    default:
      return unreachable(state);
  }
}

function rows(state: MintState, facts: StreamFacts): readonly ImpliedRow[] {
  if (state.kind === 'none') return [];
  const next = nextMintStep(state);
  const fields = fieldsOf(state, next);
  const { network, underlying } = fields;
  const work = workRow({ kind: 'mint', phase: state.kind, next, network, underlying }, facts);
  const effect = effectOf(state);
  if (effect === null || fields.chainId === null || fields.vault === null) {
    return [operationRow(fields, facts), ...work];
  }
  const { transactionHash, ordinal } = effect;
  const { chainId, vault } = fields;
  const claim = effectRow({ chainId, transactionHash, vault, kind: 'deposit', ordinal }, facts.id);
  return [operationRow(fields, facts), claim, ...work];
}

function fieldsOf(state: Exclude<MintState, { kind: 'none' }>, next: NextStep): OperationFields {
  const effect = effectOf(state);
  const common = {
    kind: 'mint',
    state: state.kind,
    next,
    burned: null,
    dust: null,
    shares: effect?.shares ?? null,
    transactionHash: effect?.transactionHash ?? null,
    receiptId: effect?.receiptId ?? null,
  } as const;
  if (state.kind === 'unrequested') {
    return {
      ...common,
      reason: 'confirmed before it was requested',
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
  const reason = state.kind === 'held' || state.kind === 'closed' ? state.why : state.mint.reason;
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

export const mintKind: StreamKind<MintState, MintEvent> = {
  category: 'mint',
  initialState: { kind: 'none' },
  evolve: evolveMint,
  phase: (state) => state.kind,
  rows,
};
