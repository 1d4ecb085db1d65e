import type { NextStep } from '../../engine/work.ts';
import { workRow } from '../../engine/work.ts';
import type { TableDefinition } from '../../event-store/event-store.ts';
import type { ImpliedRow, StreamFacts, StreamKind } from '../../event-store/ledger.ts';
import { signerDependency } from '../../signer/signer.ts';
import { laneId } from '../lane-id.ts';
import { TRANSACTION_HASH_TABLE } from '../transaction-kind.ts';
import type { CallEvent, CallState, KnownCall } from './call-state.ts';
import { evolveCall } from './call-state.ts';

/** One row for every call that a custodian was ever asked for. */
export const CALL_TABLE: TableDefinition = {
  name: 'call',
  columns: {
    id: 'name',
    lane: 'name',
    operation_id: 'name',
    attempt: 'integer',
    external_id: 'text',
    /** Of the operation. */
    kind: 'text',
    phase: 'text',
    /** The custodian's last word; null before the first. */
    status: 'text',
    outcome: 'text',
    /** Wei. */
    greatest_cost: 'bigint',
    /** Since when it has been in its phase, ms. */
    since_ms: 'integer',
    /** Where it was mined; null in every other phase. */
    block_number: 'integer',
  },
  required: ['lane', 'operation_id', 'attempt', 'external_id', 'phase', 'greatest_cost', 'since_ms'],
  key: ['id'],
  unique: [['external_id']],
  indexes: [
    ['operation_id', 'attempt'],
    ['lane', 'phase'],
    ['phase'],
    { columns: ['lane', 'block_number'], present: ['block_number'] },
  ],
  source: 'log',
};

/** Phases in which something may still come of a call. */
export const OPEN_CALL_PHASES = ['requested', 'refused', 'pending', 'held', 'mined'] as const;

/** In `TRANSACTION_HASH_TABLE`: the hash is one of a call's. */
export const CALL_BODY = 'call';

function rows(state: CallState, facts: StreamFacts): readonly ImpliedRow[] {
  if (state.phase === 'none') return [];
  const { network, chainId, signer, kind, operation, attempt, externalId, phase, greatestCost } = state;
  const row = {
    id: facts.id,
    lane: laneId(chainId, signer),
    operation_id: operation.id,
    attempt,
    external_id: externalId,
    kind,
    phase,
    status: state.told?.status ?? null,
    outcome: state.phase === 'final' ? state.outcome : null,
    greatest_cost: greatestCost,
    since_ms: facts.sinceMs,
    block_number: blockOf(state),
  };
  const hashes = state.hashes.map((hash) => ({
    table: TRANSACTION_HASH_TABLE.name,
    row: { chain_id: chainId, hash, transaction_id: facts.id, body: CALL_BODY },
  }));
  const next = nextStep(state);
  return [
    { table: CALL_TABLE.name, row },
    ...hashes,
    ...workRow({ kind: 'call', phase, next, network }, facts),
  ];
}

function blockOf(state: KnownCall): number | null {
  if (state.phase !== 'mined' && state.phase !== 'final') return null;
  return state.mined === null ? null : Number(state.mined.blockNumber);
}

/** Sending needs the custodian; watching needs the chain, and asks the custodian on the way. */
function nextStep(state: KnownCall): NextStep {
  switch (state.phase) {
    case 'final':
      return { kind: 'none' };
    case 'requested':
    case 'refused':
      return { kind: 'step', dependency: signerDependency('fireblocks') };
    case 'pending':
    case 'held':
    case 'mined':
      return { kind: 'step', dependency: `chain:${state.network}` };
    default:
      return state satisfies never;
  }
}

export const callKind: StreamKind<CallState, CallEvent> = {
  category: 'call',
  initialState: { phase: 'none' },
  evolve: evolveCall,
  phase: (state) => state.phase,
  rows,
};
