import type { TableDefinition } from '../../event-store/event-store.ts';
import type { ImpliedRow, Loaded, StreamFacts, StreamKind } from '../../event-store/ledger.ts';
import { type NextStep, workRow } from '../../engine/work.ts';
import { IssuanceError, unreachable } from '../../primitives/failures.ts';

/**
 * A network as the watcher serves it: stream `network/<wire name>`, whose state implies its permanent work.
 */

/** How far back a rescan begins after a stop: where the second pass got to, or at the beginning. */
export type Rescan = 'final' | 'start';

export type NetworkEvent =
  | { type: 'NetworkAdded'; data: { chainId: number } }
  /** Transfers before `redemptionsFromBlock` are history. */
  | { type: 'NetworkOpened'; data: { redemptionsFromBlock: bigint } }
  | { type: 'NetworkStopped'; data: { why: string; rescan: Rescan } }
  | { type: 'NetworkResumed'; data: { actor: string } };

export type NetworkState =
  | { readonly kind: 'none' }
  /** Waits for a node to tell its head for the first time. */
  | { readonly kind: 'opening'; readonly chainId: number }
  | { readonly kind: 'open'; readonly chainId: number; readonly redemptionsFromBlock: bigint }
  | {
      readonly kind: 'stopped';
      readonly chainId: number;
      readonly redemptionsFromBlock: bigint;
      readonly why: string;
      readonly rescan: Rescan;
    };

export type NetworkCommand =
  | { readonly type: 'add'; readonly chainId: number }
  | { readonly type: 'open'; readonly redemptionsFromBlock: bigint }
  | { readonly type: 'stop'; readonly why: string; readonly rescan: Rescan }
  | { readonly type: 'resume'; readonly actor: string };

/**
 * @throws IssuanceError `network_chain_changed` when the network was recorded with another chain id, and
 *   `network_not_open`, `network_not_stopped`.
 */
export function decideNetwork(command: NetworkCommand, state: NetworkState): readonly NetworkEvent[] {
  switch (command.type) {
    case 'add':
      if (state.kind === 'none') return [{ type: 'NetworkAdded', data: { chainId: command.chainId } }];
      if (state.chainId === command.chainId) return [];
      throw new IssuanceError(
        'network_chain_changed',
        `this database holds the network with chain id ${state.chainId}, not ${command.chainId}: ` +
          'correct the chain id, or use another database',
      );
    case 'open':
      if (state.kind !== 'opening') return [];
      return [{ type: 'NetworkOpened', data: { redemptionsFromBlock: command.redemptionsFromBlock } }];
    case 'stop':
      if (state.kind === 'stopped') return [];
      if (state.kind !== 'open') throw new IssuanceError('network_not_open', 'the network is not open');
      return [{ type: 'NetworkStopped', data: { why: command.why, rescan: command.rescan } }];
    case 'resume':
      if (state.kind !== 'stopped') {
        throw new IssuanceError('network_not_stopped', 'the network is not stopped: nothing to resume');
      }
      return [{ type: 'NetworkResumed', data: { actor: command.actor } }];
    default:
      return unreachable(command);
  }
}

function evolveNetwork(state: NetworkState, event: NetworkEvent): NetworkState {
  if (event.type === 'NetworkAdded') return { kind: 'opening', chainId: event.data.chainId };
  if (state.kind === 'none') {
    throw new IssuanceError('log_corrupt', `a network's log begins with ${event.type}`);
  }
  const { chainId } = state;
  if (event.type === 'NetworkOpened') {
    return { kind: 'open', chainId, redemptionsFromBlock: event.data.redemptionsFromBlock };
  }
  if (state.kind === 'opening') {
    throw new IssuanceError('log_corrupt', `${event.type} of a network that was never opened`);
  }
  const { redemptionsFromBlock } = state;
  switch (event.type) {
    case 'NetworkStopped':
      return { kind: 'stopped', chainId, redemptionsFromBlock, ...event.data };
    case 'NetworkResumed':
      return { kind: 'open', chainId, redemptionsFromBlock };
    default:
      return unreachable(event);
  }
}

/** Networks and whether they are stopped, for lanes, readiness and operators. */
export const NETWORK_TABLE: TableDefinition = {
  name: 'network',
  columns: {
    network: 'text',
    chain_id: 'integer',
    state: 'text',
    why: 'text',
    redemptions_from_block: 'integer',
    since_ms: 'integer',
  },
  required: ['chain_id', 'state', 'since_ms'],
  key: ['network'],
  unique: [['chain_id']],
  source: 'log',
};

/** What the watcher does for a network, each with a work row of its own, so that none delays another. */
export type WatchTask = 'head' | 'catch-up' | 'final';

/** Id of the work row of one of the watcher's tasks. */
export function watchWorkId(network: string, task: WatchTask): string {
  return `watch:${network}:${task}`;
}

/** Id of the work row under which the inventory's balances are read. */
export function inventoryWorkId(network: string): string {
  return `inventory:${network}`;
}

function rows(state: NetworkState, facts: StreamFacts): readonly ImpliedRow[] {
  if (state.kind === 'none') return [];
  const network = facts.id;
  const row = {
    network,
    chain_id: state.chainId,
    state: state.kind,
    why: state.kind === 'stopped' ? state.why : null,
    redemptions_from_block: state.kind === 'opening' ? null : Number(state.redemptionsFromBlock),
    since_ms: facts.sinceMs,
  };
  const next: NextStep =
    state.kind === 'stopped'
      ? { kind: 'wait', for: 'resume' }
      : { kind: 'step', dependency: `chain:${network}` };
  const watch = (task: WatchTask) =>
    workRow({ kind: 'watch', phase: task, next, network }, facts, watchWorkId(network, task));
  if (state.kind === 'opening') return [{ table: NETWORK_TABLE.name, row }, ...watch('head')];
  return [
    { table: NETWORK_TABLE.name, row },
    ...watch('head'),
    ...watch('catch-up'),
    ...watch('final'),
    ...workRow({ kind: 'inventory', phase: 'reading', next, network }, facts, inventoryWorkId(network)),
  ];
}

export const networkKind: StreamKind<NetworkState, NetworkEvent> = {
  category: 'network',
  initialState: { kind: 'none' },
  evolve: evolveNetwork,
  phase: (state) => state.kind,
  rows,
};

export type LoadedNetwork = Loaded<NetworkState>;
