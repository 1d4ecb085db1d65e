import { anyKind } from './create-ledger.ts';
import type { TableDefinition } from './event-store.ts';
import type { Schema, StreamKind } from './ledger.ts';

/** A small decider for the ledger's tests: boxes that are filled, sealed and burnt. */

export type BoxEvent =
  | { type: 'Filled'; data: { amount: bigint; label: string } }
  | { type: 'Sealed'; data: { label: string } }
  | { type: 'Burnt'; data: Record<string, never> };

export type BoxState =
  | { readonly kind: 'none' }
  | { readonly kind: 'open' | 'sealed'; readonly amount: bigint; readonly labels: readonly string[] }
  | { readonly kind: 'burnt' };

export const BOX_TABLE: TableDefinition = {
  name: 'box',
  columns: { id: 'text', state: 'text', amount: 'bigint', labels: 'json', since_ms: 'integer' },
  required: ['state'],
  key: ['id'],
  source: 'log',
};

export const LABEL_TABLE: TableDefinition = {
  name: 'label',
  columns: { label: 'text', box: 'text' },
  required: ['box'],
  key: ['label'],
  source: 'log',
};

export const TODO_TABLE: TableDefinition = {
  name: 'todo',
  columns: { id: 'text', phase: 'text', attempts: 'integer', due_ms: 'integer' },
  required: ['phase', 'attempts'],
  key: ['id'],
  source: 'log',
  operationalColumns: ['attempts', 'due_ms'],
};

export const BOX: StreamKind<BoxState, BoxEvent> = {
  category: 'box',
  initialState: { kind: 'none' },
  evolve(state, event) {
    switch (event.type) {
      case 'Filled':
        return state.kind === 'none'
          ? { kind: 'open', amount: event.data.amount, labels: [event.data.label] }
          : { kind: 'open', ...merge(state, event.data.amount, event.data.label) };
      case 'Sealed':
        return { kind: 'sealed', ...merge(state, 0n, event.data.label) };
      case 'Burnt':
        return { kind: 'burnt' };
      default:
        throw new Error('unknown event');
    }
  },
  phase: (state) => state.kind,
  rows(state, facts) {
    if (state.kind === 'none' || state.kind === 'burnt') return [];
    const { id, sinceMs, updatedMs } = facts;
    return [
      {
        table: 'box',
        row: { id, state: state.kind, amount: state.amount, labels: state.labels, since_ms: sinceMs },
      },
      ...state.labels.map((label) => ({ table: 'label', row: { label, box: id } })),
      { table: 'todo', row: { id, phase: state.kind }, reset: { attempts: 0, due_ms: updatedMs } },
    ];
  },
};

function merge(
  state: BoxState,
  amount: bigint,
  label: string,
): { amount: bigint; labels: readonly string[] } {
  if (state.kind === 'none' || state.kind === 'burnt') throw new Error(`a box that is ${state.kind}`);
  return { amount: state.amount + amount, labels: [...state.labels, label] };
}

export const BOX_SCHEMA: Schema = {
  kinds: [anyKind(BOX)],
  tables: [BOX_TABLE, LABEL_TABLE, TODO_TABLE],
};

export const filled = (amount: bigint, label: string): BoxEvent => ({
  type: 'Filled',
  data: { amount, label },
});
export const sealed = (label: string): BoxEvent => ({ type: 'Sealed', data: { label } });
export const burnt: BoxEvent = { type: 'Burnt', data: {} };
