import type { Address, Hex } from 'viem';
import { IssuanceError, unreachable } from '../primitives/failures.ts';

/** Who is in charge on a network, and how the last change of that went. */

/** What the two signers of a move have of one vault, at a final block; in 10⁻¹⁸ shares. */
export type VaultBalances = {
  vault: Address;
  /** Receipts of the new signer that hold something, and what they hold together. */
  receipts: number;
  receiptShares: bigint;
  /** Shares that the new signer has, for redemptions and remainders. */
  shares: bigint;
};

export type CustodyEvent =
  /** Without a move: the first one ever, or since the key of the one before is not at hand. */
  | {
      type: 'SignerTookCharge';
      data: { network: string; chainId: number; signer: Address; from: Address | null; why: string };
    }
  /** From now on `to` mints, and shares that lie with `from` are handed over to it. */
  | { type: 'MoveBegun'; data: { moveId: string; from: Address; to: Address; found: readonly string[] } }
  /** The old signer has nothing left, and the last nonce that it used is in a final block; null: it never used one. */
  | { type: 'MoveDrained'; data: { lastNonce: number | null; blockNumber: bigint; blockHash: Hex } }
  | {
      type: 'BalancesCompared';
      data: { blockNumber: bigint; blockHash: Hex; vaults: readonly VaultBalances[] };
    }
  /** The old signer has no role on any vault. */
  | { type: 'MoveCompleted'; data: { blockNumber: bigint; blockHash: Hex } }
  /** It was turned round, or lost its key. */
  | { type: 'MoveEnded'; data: { why: string } };

/** What a move is at: things go over; both are compared; the old signer's roles are to go. */
export type MovePhase = 'moving' | 'comparing' | 'revoking';

export interface Move {
  readonly moveId: string;
  readonly from: Address;
  readonly to: Address;
  readonly phase: MovePhase;
  readonly lastNonce: number | null;
  readonly balances: readonly VaultBalances[] | null;
}

export interface EndedMove extends Omit<Move, 'phase'> {
  readonly end: 'completed' | 'ended';
  readonly why: string | null;
}

export type KeptCustody = {
  readonly kind: 'kept';
  readonly network: string;
  readonly chainId: number;
  readonly inCharge: Address;
  readonly move: Move | null;
  readonly last: EndedMove | null;
};

export type CustodyState = { readonly kind: 'none' } | KeptCustody;

export function evolveCustody(state: CustodyState, event: CustodyEvent): CustodyState {
  if (event.type === 'SignerTookCharge') {
    const { network, chainId, signer: inCharge } = event.data;
    const last = state.kind === 'none' ? null : state.last;
    return { kind: 'kept', network, chainId, inCharge, move: null, last };
  }
  if (state.kind === 'none') throw corrupt(event, 'nobody is in charge');
  if (event.type === 'MoveBegun') {
    if (state.move !== null) throw corrupt(event, 'another move is under way');
    const { moveId, from, to } = event.data;
    const move: Move = { moveId, from, to, phase: 'moving', lastNonce: null, balances: null };
    return { ...state, inCharge: to, move };
  }
  const { move } = state;
  if (move === null) throw corrupt(event, 'no move is under way');
  switch (event.type) {
    case 'MoveDrained':
      return { ...state, move: { ...move, phase: 'comparing', lastNonce: event.data.lastNonce } };
    case 'BalancesCompared':
      return { ...state, move: { ...move, phase: 'revoking', balances: event.data.vaults } };
    case 'MoveCompleted':
      return { ...state, move: null, last: endedMove(move, 'completed', null) };
    case 'MoveEnded':
      return { ...state, move: null, last: endedMove(move, 'ended', event.data.why) };
    default:
      return unreachable(event);
  }
}

function endedMove(
  { moveId, from, to, lastNonce, balances }: Move,
  end: EndedMove['end'],
  why: string | null,
): EndedMove {
  return { moveId, from, to, lastNonce, balances, end, why };
}

function corrupt(event: CustodyEvent, why: string): IssuanceError {
  return new IssuanceError('log_corrupt', `custody has the event ${event.type} while ${why}`);
}
