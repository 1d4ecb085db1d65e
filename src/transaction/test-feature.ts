import type { Address, Hex } from 'viem';
import { workRow } from '../engine/work.ts';
import type { TableDefinition } from '../event-store/event-store.ts';
import type { Ledger, Loaded, StreamKind } from '../event-store/ledger.ts';
import { change } from '../event-store/ledger.ts';
import type { LaneFeature, PlanResult } from './lane-feature.ts';

/** An operation as small as the lanes allow: something is to be done on a vault exactly once. */
type ToyEvent =
  | { readonly type: 'ToyReady'; readonly data: { readonly lane: string; readonly vault: Address } }
  | { readonly type: 'ToySigned'; readonly data: { readonly transaction: string } }
  | { readonly type: 'ToyDone'; readonly data: { readonly hash: Hex } }
  | { readonly type: 'ToyUndone'; readonly data: { readonly why: string } }
  | { readonly type: 'ToyReleased'; readonly data: { readonly why: string; readonly alone: boolean } }
  | { readonly type: 'ToyHeld'; readonly data: { readonly why: string } };

export interface ToyState {
  readonly phase: 'none' | 'ready' | 'signed' | 'done' | 'held';
  readonly lane: string;
  readonly vault: Address;
  readonly transaction: string | null;
  readonly hash: Hex | null;
  readonly alone: boolean;
  readonly why: string | null;
}

const START: ToyState = {
  phase: 'none',
  lane: '',
  vault: '0x',
  transaction: null,
  hash: null,
  alone: false,
  why: null,
};

function evolve(state: ToyState, event: ToyEvent): ToyState {
  switch (event.type) {
    case 'ToyReady':
      return { ...state, phase: 'ready', ...event.data };
    case 'ToySigned':
      return { ...state, phase: 'signed', transaction: event.data.transaction };
    case 'ToyDone':
      return { ...state, phase: 'done', hash: event.data.hash };
    case 'ToyUndone':
      return { ...state, phase: 'signed', why: event.data.why };
    case 'ToyReleased':
      return { ...state, phase: 'ready', transaction: null, ...event.data };
    case 'ToyHeld':
      return { ...state, phase: 'held', why: event.data.why };
    default: {
      const never: never = event;
      return never;
    }
  }
}

export const toyKind: StreamKind<ToyState, ToyEvent> = {
  category: 'toy',
  initialState: START,
  evolve,
  phase: ({ phase }) => phase,
  rows: (state, facts) =>
    state.phase === 'ready'
      ? workRow({ kind: 'toy', phase: 'ready', next: { kind: 'lane', lane: state.lane } }, facts)
      : [],
};

/** Claims of effects: once each, whoever settles. */
export const TOY_EFFECT_TABLE: TableDefinition = {
  name: 'toy_effect',
  columns: { hash: 'text', operation_id: 'text' },
  key: ['hash', 'operation_id'],
  source: 'operational',
};

export interface ToyFeature extends LaneFeature {
  add(id: string, lane: string, vault: Address): Promise<void>;
  state(id: string): Promise<ToyState>;
}

/** Creates the feature. Blocked operations are never planned; `direct`: contracts beside the vault, by operation. */
export function createToyFeature(
  ledger: Ledger,
  options: { readonly blocked?: Set<string>; readonly direct?: ReadonlyMap<string, Address> } = {},
): ToyFeature {
  const load = (ids: readonly string[]) => ledger.loadMany(toyKind, ids);
  const events = (loadeds: readonly Loaded<ToyState>[], event: (id: string) => ToyEvent) =>
    loadeds.map((loaded) => change(toyKind, loaded, [event(loaded.id)]));
  const idsOf = (transaction: { readonly operations: readonly { readonly id: string }[] }) =>
    transaction.operations.map(({ id }) => id);
  const done = (receipt: { readonly logs: readonly { readonly data: Hex }[] }) =>
    new Set(receipt.logs.map(({ data }) => data.slice(2)));
  const claim = (hash: Hex, id: string) =>
    ({ op: 'insert', table: 'toy_effect', row: { hash, operation_id: id } }) as const;

  return {
    kind: 'toy',
    readyEvents: ['ToyReady', 'ToyReleased'],
    async add(id, lane, vault) {
      const loaded = await ledger.load(toyKind, id);
      const ready = { type: 'ToyReady', data: { lane, vault } } as const;
      await ledger.commit({ changes: [change(toyKind, loaded, [ready])], metadata: { actor: 'test' } });
    },
    state: async (id) => (await ledger.load(toyKind, id)).state,
    async plan(ids) {
      return (await load(ids)).map(({ id, state }): PlanResult => {
        if (options.blocked?.has(id) === true) {
          return { kind: 'blocked', operationId: id, code: 'toy_blocked', message: 'not now' };
        }
        const batchKey = state.alone ? null : 'toys';
        const beside = options.direct?.get(id);
        return {
          kind: 'plan',
          plan: {
            operationId: id,
            vault: state.vault,
            calls: ['0xabcdef01'],
            batchKey,
            detail: {},
            ...(beside === undefined ? {} : { direct: beside }),
          },
        };
      });
    },
    async signed(transaction) {
      const loaded = await load(idsOf(transaction));
      return {
        changes: events(loaded, () => ({ type: 'ToySigned', data: { transaction: transaction.id } })),
      };
    },
    async settle(transaction, receipt) {
      const loaded = await load(idsOf(transaction));
      const logged = done(receipt);
      if (!loaded.every(({ id }) => logged.has(id.replaceAll('-', '')))) {
        const why = 'a log is missing';
        return {
          kind: 'unexpected',
          why,
          changes: events(loaded, () => ({ type: 'ToyHeld', data: { why } })),
        };
      }
      const hash = receipt.transactionHash;
      return {
        kind: 'settled',
        changes: events(loaded, () => ({ type: 'ToyDone', data: { hash } })),
        writes: loaded.map(({ id }) => claim(hash, id)),
      };
    },
    async unsettle(transaction, why) {
      const loaded = await load(idsOf(transaction));
      return {
        changes: events(loaded, () => ({ type: 'ToyUndone', data: { why } })),
        writes: loaded.flatMap(({ id, state: { hash } }) =>
          hash === null
            ? []
            : [{ op: 'delete', table: 'toy_effect', key: { hash, operation_id: id } } as const],
        ),
      };
    },
    async hold(transaction, why) {
      const loaded = await load(idsOf(transaction));
      return { changes: events(loaded, () => ({ type: 'ToyHeld', data: { why } })) };
    },
    async release(transaction, why) {
      const mine = (await load(idsOf(transaction))).filter(
        ({ state }) => state.transaction === transaction.id,
      );
      const data = { why: `${why.kind}: ${why.text}`, alone: why.kind === 'reverted' };
      return { changes: events(mine, () => ({ type: 'ToyReleased', data })) };
    },
    async settleFound({ operationIds }, receipt) {
      const logged = done(receipt);
      const loaded = await load(operationIds);
      const fits = loaded.filter(
        ({ id, state }) => state.phase === 'ready' && logged.has(id.replaceAll('-', '')),
      );
      const hash = receipt.transactionHash;
      const settled = new Set(fits.map(({ id }) => id));
      return {
        changes: events(fits, () => ({ type: 'ToyDone', data: { hash } })),
        writes: fits.map(({ id }) => claim(hash, id)),
        unexplained: operationIds.filter((id) => !settled.has(id)),
      };
    },
  };
}
