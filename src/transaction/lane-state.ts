import type { Address } from 'viem';
import { workRow } from '../engine/work.ts';
import type { TableDefinition } from '../event-store/event-store.ts';
import type { ImpliedRow, StreamFacts, StreamKind } from '../event-store/ledger.ts';
import { IssuanceError, unreachable } from '../primitives/failures.ts';

/**
 * What a lane may do. Its nonces are not here: those are the transaction streams, and the chain. Every commit that
 * signs requires this stream's version, so that a lane that was stopped in between signs nothing more.
 */

export type LaneEvent =
  | {
      readonly type: 'LaneOpened';
      readonly data: { readonly network: string; readonly chainId: number; readonly signer: Address };
    }
  /** The database may be older than its own signatures: `reason` says what showed it. */
  | {
      readonly type: 'QuarantineStarted';
      /** `sinceMs`: what was signed after this moment may be forgotten; absent where nobody can tell. */
      readonly data: { readonly reason: string; readonly sinceMs?: number };
    }
  /** Every nonce from first to last is to be used up and final before anything else is signed. */
  | {
      readonly type: 'QuarantineFilling';
      readonly data: { readonly firstNonce: number; readonly lastNonce: number };
    }
  /** The chain was read to this final block, and what was found in it is settled. */
  | { readonly type: 'QuarantineEnded'; readonly data: { readonly block: bigint } }
  | { readonly type: 'LaneStopped'; readonly data: { readonly why: string } }
  | { readonly type: 'LaneResumed'; readonly data: { readonly by: string; readonly reason: string } }
  | { readonly type: 'VaultStopped'; readonly data: { readonly vault: Address; readonly why: string } }
  | { readonly type: 'VaultResumed'; readonly data: { readonly vault: Address; readonly by: string } };

export interface Quarantine {
  readonly reason: string;
  /** What was signed after this moment may be forgotten; null where nobody can tell. */
  readonly sinceMs: number | null;
  readonly window: { readonly firstNonce: number; readonly lastNonce: number } | null;
}

export type OpenedLane = {
  readonly kind: 'opened';
  readonly network: string;
  readonly chainId: number;
  readonly signer: Address;
  readonly quarantine: Quarantine | null;
  /** The last quarantine's final block: in it or below may be effects that this database forgot. Null without one. */
  readonly forgotTo: bigint | null;
  readonly stopped: { readonly why: string } | null;
  /** Why each vault is not signed for. */
  readonly stoppedVaults: Readonly<Record<Address, string>>;
};

export type LaneState = { readonly kind: 'none' } | OpenedLane;

export function evolveLane(state: LaneState, event: LaneEvent): LaneState {
  if (event.type === 'LaneOpened') {
    const nothing = { quarantine: null, forgotTo: null, stopped: null, stoppedVaults: {} };
    return { kind: 'opened', ...event.data, ...nothing };
  }
  if (state.kind === 'none') throw new IssuanceError('log_corrupt', `a lane's log begins with ${event.type}`);
  switch (event.type) {
    case 'QuarantineStarted':
      return { ...state, quarantine: begunQuarantine(state, event.data) };
    case 'QuarantineFilling':
      if (state.quarantine === null) throw new IssuanceError('log_corrupt', 'fills without a quarantine');
      return { ...state, quarantine: { ...state.quarantine, window: event.data } };
    case 'QuarantineEnded':
      return { ...state, quarantine: null, forgotTo: event.data.block };
    case 'LaneStopped':
      return { ...state, stopped: { why: event.data.why } };
    case 'LaneResumed':
      return { ...state, stopped: null };
    case 'VaultStopped': {
      const { vault, why } = event.data;
      return { ...state, stoppedVaults: { ...state.stoppedVaults, [vault]: why } };
    }
    case 'VaultResumed': {
      const { [event.data.vault]: _, ...stoppedVaults } = state.stoppedVaults;
      return { ...state, stoppedVaults };
    }
    default:
      return unreachable(event);
  }
}

/** One that begins anew looks back as far as the one that did not end. */
function begunQuarantine(
  { quarantine }: OpenedLane,
  { reason, sinceMs }: { readonly reason: string; readonly sinceMs?: number },
): Quarantine {
  const before = quarantine?.sinceMs ?? null;
  const moments = [sinceMs, before].filter((it) => typeof it === 'number');
  return { reason, sinceMs: moments.length === 0 ? null : Math.min(...moments), window: null };
}

/** `stopped` hides a quarantine: nothing new is promised until an operator resumes the lane. */
export function lanePhase(state: LaneState): 'none' | 'open' | 'quarantine' | 'stopped' {
  if (state.kind === 'none') return 'none';
  if (state.stopped !== null) return 'stopped';
  return state.quarantine === null ? 'open' : 'quarantine';
}

/** No second event while the same window is being filled; `restored` begins anew, since it is another database. */
export function decideQuarantine(state: LaneState, reason: string, sinceMs?: number): readonly LaneEvent[] {
  if (state.kind === 'none') throw notOpened();
  if (state.quarantine !== null && reason !== 'restored') return [];
  return [{ type: 'QuarantineStarted', data: { reason, ...(sinceMs === undefined ? {} : { sinceMs }) } }];
}

export function decideLaneStop(state: LaneState, why: string): readonly LaneEvent[] {
  if (state.kind === 'none') throw notOpened();
  return state.stopped === null ? [{ type: 'LaneStopped', data: { why } }] : [];
}

export function decideVaultStop(state: LaneState, vault: Address, why: string): readonly LaneEvent[] {
  if (state.kind === 'none') throw notOpened();
  return state.stoppedVaults[vault] === undefined ? [{ type: 'VaultStopped', data: { vault, why } }] : [];
}

/** Takes up the lane and all its vaults. No events when nothing was stopped. */
export function decideResume(state: LaneState, by: string, reason: string): readonly LaneEvent[] {
  if (state.kind === 'none') throw notOpened();
  const vaults = (Object.keys(state.stoppedVaults) as Address[]).map(
    (vault) => ({ type: 'VaultResumed', data: { vault, by } }) as const,
  );
  return state.stopped === null ? vaults : [{ type: 'LaneResumed', data: { by, reason } }, ...vaults];
}

function notOpened(): IssuanceError {
  return new IssuanceError('lane_not_opened', 'the lane was never opened');
}

export const LANE_TABLE: TableDefinition = {
  name: 'lane',
  columns: {
    id: 'text',
    network: 'text',
    chain_id: 'integer',
    signer: 'text',
    phase: 'text',
    why: 'text',
    since_ms: 'integer',
    stopped_vaults: 'json',
  },
  required: ['network', 'chain_id', 'signer', 'phase', 'since_ms'],
  key: ['id'],
  indexes: [['chain_id']],
  source: 'log',
};

function rows(state: LaneState, facts: StreamFacts): readonly ImpliedRow[] {
  if (state.kind === 'none') return [];
  const phase = lanePhase(state);
  const { network, chainId, signer } = state;
  const row = {
    id: facts.id,
    network,
    chain_id: chainId,
    signer,
    phase,
    why: state.stopped?.why ?? state.quarantine?.reason ?? null,
    since_ms: facts.sinceMs,
    stopped_vaults: state.stoppedVaults,
  };
  const dependency = `chain:${network}`;
  const next =
    phase === 'stopped'
      ? ({ kind: 'wait', for: 'an operator to resume the lane' } as const)
      : ({ kind: 'step', dependency } as const);
  return [{ table: LANE_TABLE.name, row }, ...workRow({ kind: 'lane', phase, next, network }, facts)];
}

export const laneKind: StreamKind<LaneState, LaneEvent> = {
  category: 'lane',
  initialState: { kind: 'none' },
  evolve: evolveLane,
  phase: lanePhase,
  rows,
};
