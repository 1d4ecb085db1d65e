import type { Address, Hex } from 'viem';
import type { JsonObject } from '../../event-store/event-store.ts';
import { IssuanceError, unreachable } from '../../primitives/failures.ts';
import type { CallStage } from '../../signer/custodian.ts';
import type { LaneId, SignedTransaction } from '../lane-feature.ts';
import { laneId } from '../lane-id.ts';

/**
 * One call that a custodian was asked for: it signs and broadcasts, and owns the nonces. The external id plays the
 * nonce's part. The stream begins when the whole request is committed, before it is sent for the first time, and ends
 * when nothing can come of it any more, or when what came of it is final.
 */

export type Requested = {
  readonly network: string;
  readonly chainId: number;
  readonly signer: Address;
  /** Kind of the feature whose operation it is. */
  readonly kind: string;
  readonly vault: Address;
  readonly operation: { readonly id: string; readonly detail: JsonObject };
  /** From 1, for this operation and signer. */
  readonly attempt: number;
  readonly externalId: string;
  /** The contract that is called: the vault, but for what goes to one beside it. */
  readonly to: Address;
  readonly data: Hex;
  /** Gas limit. */
  readonly gas: bigint;
  /** Wei that it should cost at most, by the fees of then. */
  readonly greatestCost: bigint;
  /** What is sent, to the letter. */
  readonly request: string;
};

/** The custodian's last word, raw. */
export type Told = {
  readonly custodianId: string | null;
  readonly status: string;
  readonly subStatus: string | null;
  readonly message: string | null;
  readonly stage: CallStage;
  readonly nonce: number | null;
};

/** The transaction in a block. */
export type MinedCallFacts = {
  readonly hash: Hex;
  readonly nonce: number;
  readonly status: 0 | 1;
  readonly blockNumber: bigint;
  readonly blockHash: Hex;
};

/**
 * How a call ended: with its effect, reverted, `refused` before anything was signed, or `displaced`: its nonce or its
 * external id was used for something else.
 */
export type CallOutcome = 'effect' | 'reverted' | 'refused' | 'displaced';

export type CallEvent =
  | { readonly type: 'CallRequested'; readonly data: Requested }
  /** The custodian does not take the request; the same is sent again. */
  | {
      readonly type: 'CallRefused';
      readonly data: { readonly status: number; readonly code: string | null; readonly message: string };
    }
  | { readonly type: 'CallReported'; readonly data: Told & { readonly hashes: readonly Hex[] } }
  /** The chain shows a transaction of the signer that does exactly this. */
  | { readonly type: 'CallSeen'; readonly data: { readonly hash: Hex; readonly nonce: number } }
  /** From now on this is sent, which only uses up the external id. */
  | { readonly type: 'CallCancelling'; readonly data: { readonly request: string } }
  /** It ended after it may have been signed, and nobody names a hash. */
  | { readonly type: 'CallHeld'; readonly data: { readonly why: string } }
  | { readonly type: 'CallMined'; readonly data: MinedCallFacts }
  | { readonly type: 'CallUnmined'; readonly data: { readonly why: string } }
  | {
      readonly type: 'CallFinal';
      readonly data: { readonly outcome: 'effect' | 'reverted'; readonly hash: Hex };
    }
  /** Nothing can come of it any more. */
  | {
      readonly type: 'CallEnded';
      readonly data: { readonly outcome: 'refused' | 'displaced'; readonly why: string };
    };

/** What every call carries. */
export type Call = Requested & {
  readonly told: Told | null;
  /** Every hash that the custodian or the chain ever named for it, oldest first. */
  readonly hashes: readonly Hex[];
  /** The custodian ever said that it was signed: whatever it says later, a transaction may be on its way. */
  readonly wasSigned: boolean;
  /** Of its hashes, as far as a node showed them: whoever owns the nonces may sign again, at another. */
  readonly nonces: Readonly<Record<Hex, number>>;
  /** The request that uses up its id, once it is to be cancelled. */
  readonly filler: string | null;
};

export type OpenCall = Call & {
  /**
   * `requested`: the custodian is not known to have it. `refused`: the same, and it said no to the last request.
   * `pending`: it has it. `held`: see `CallHeld`.
   */
  readonly phase: 'requested' | 'refused' | 'pending' | 'held';
};
export type MinedCall = Call & { readonly phase: 'mined'; readonly mined: MinedCallFacts };
export type FinalCall = Call & {
  readonly phase: 'final';
  readonly outcome: CallOutcome;
  readonly mined: MinedCallFacts | null;
  readonly why: string | null;
};

export type CallState = { readonly phase: 'none' } | OpenCall | MinedCall | FinalCall;
export type KnownCall = OpenCall | MinedCall | FinalCall;

export function evolveCall(state: CallState, event: CallEvent): CallState {
  if (event.type === 'CallRequested') {
    if (state.phase !== 'none') throw corrupt(state, event);
    const untold = { told: null, hashes: [], wasSigned: false, nonces: {}, filler: null };
    return { ...event.data, phase: 'requested', ...untold };
  }
  if (state.phase === 'none' || state.phase === 'final') throw corrupt(state, event);
  if (event.type === 'CallReported') {
    const { hashes, ...told } = event.data;
    const wasSigned = state.wasSigned || told.stage === 'signed' || told.stage === 'completed';
    return { ...advanced(state), told, hashes: union(state.hashes, hashes), wasSigned };
  }
  if (event.type === 'CallSeen') {
    const { hash, nonce } = event.data;
    const nonces = { ...state.nonces, [hash]: nonce };
    return { ...advanced(state), hashes: union(state.hashes, [hash]), nonces };
  }
  if (state.phase === 'mined') return evolveMined(state, event);
  switch (event.type) {
    case 'CallRefused': {
      const { status, code, message } = event.data;
      const told: Told = {
        custodianId: null,
        status: httpStatus(status),
        subStatus: code,
        message,
        stage: 'open',
        nonce: null,
      };
      return { ...state, phase: 'refused', told };
    }
    case 'CallCancelling':
      return { ...state, filler: event.data.request };
    case 'CallHeld':
      return { ...state, phase: 'held' };
    case 'CallMined':
      return {
        ...state,
        phase: 'mined',
        mined: event.data,
        hashes: union(state.hashes, [event.data.hash]),
        nonces: { ...state.nonces, [event.data.hash]: event.data.nonce },
      };
    case 'CallEnded':
      return { ...state, phase: 'final', mined: null, ...event.data };
    case 'CallUnmined':
    case 'CallFinal':
      throw corrupt(state, event);
    default:
      return unreachable(event);
  }
}

function evolveMined(
  state: MinedCall,
  event: Exclude<CallEvent, { readonly type: 'CallRequested' | 'CallReported' | 'CallSeen' }>,
): CallState {
  switch (event.type) {
    case 'CallUnmined': {
      const { mined: _, ...call } = state;
      return { ...call, phase: 'pending' };
    }
    case 'CallFinal':
      return { ...state, phase: 'final', outcome: event.data.outcome, why: null };
    case 'CallRefused':
    case 'CallCancelling':
    case 'CallHeld':
    case 'CallMined':
    case 'CallEnded':
      throw corrupt(state, event);
    default:
      return unreachable(event);
  }
}

/** What the custodian has, or the chain shows, is not merely requested any more. */
function advanced(state: OpenCall | MinedCall): OpenCall | MinedCall {
  return state.phase === 'requested' || state.phase === 'refused' ? { ...state, phase: 'pending' } : state;
}

function union(known: readonly Hex[], more: readonly Hex[]): readonly Hex[] {
  return [...new Set([...known, ...more])];
}

function corrupt(state: CallState, event: CallEvent): IssuanceError {
  return new IssuanceError('log_corrupt', `a call that is ${state.phase} cannot have ${event.type}`);
}

/** How a status of HTTP stands in the place of the custodian's word. */
export function httpStatus(status: number): string {
  return `HTTP ${String(status)}`;
}

/** Of the call's stream: `chainId/signer/operation/attempt`. */
export function callId(lane: LaneId, operationId: string, attempt: number): string {
  return `${lane}/${operationId}/${String(attempt)}`;
}

/** True for the id of a call's stream; false for a nonce's. */
export function isCallId(id: string): boolean {
  return id.split('/').length === 4;
}

/** The external id of the call with this id; null for a nonce's transaction. */
export function externalIdIn(id: string): string | null {
  const [, , operationId = '', attempt = ''] = id.split('/');
  return isCallId(id) ? externalIdOf(operationId, Number(attempt)) : null;
}

/** What the custodian knows the call by: unique among all that it ever had. */
export function externalIdOf(operationId: string, attempt: number): string {
  return `${operationId}-${String(attempt)}`;
}

/** A call as its feature is shown it. */
export function callForFeature(
  state: Requested & { readonly hashes?: readonly Hex[] },
): SignedTransaction & { readonly kind: string } {
  const { network, chainId, signer, kind, vault, operation, attempt, hashes = [] } = state;
  const lane = laneId(chainId, signer);
  return {
    id: callId(lane, operation.id, attempt),
    lane: { lane, network, chainId, signer },
    nonce: null,
    kind,
    vault,
    operations: [operation],
    hashes,
  };
}
