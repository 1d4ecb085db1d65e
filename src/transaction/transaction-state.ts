import type { Address, Hex } from 'viem';
import type { JsonObject } from '../event-store/event-store.ts';
import { IssuanceError, unreachable } from '../primitives/failures.ts';
import type { SignedTransaction } from './lane-feature.ts';
import { laneId } from './lane-id.ts';

/**
 * One nonce of one signer on one network. The stream begins when the nonce's first bytes are signed and ends when a
 * final block shows which transaction used the nonce. Whatever is signed for it meanwhile belongs to this stream.
 */

/** What a signed variant does: the operations' calls, or nothing but using up the nonce. */
export type Body = 'operations' | 'fill';

/** One set of signed bytes for the nonce. Any of them may be mined, whatever was signed later. */
export type Variant = {
  readonly body: Body;
  readonly to: Address;
  readonly data: Hex;
  /** Wei. */
  readonly value: bigint;
  readonly gas: bigint;
  /** Wei per gas. */
  readonly maxFeePerGas: bigint;
  /** Wei per gas. */
  readonly maxPriorityFeePerGas: bigint;
  readonly hash: Hex;
  readonly raw: Hex;
};

/** What was signed first, and for which operations. */
export type Signed = {
  readonly network: string;
  readonly chainId: number;
  readonly signer: Address;
  readonly nonce: number;
  readonly purpose: Body;
  /** Kind of the feature whose operations it carries; null for a filler, as is the vault. */
  readonly kind: string | null;
  readonly vault: Address | null;
  readonly operations: readonly { readonly id: string; readonly detail: JsonObject }[];
};

/** The transaction that used the nonce, as one block shows it. */
export type Mined = {
  readonly hash: Hex;
  /** `stranger`: not one of the bytes that this database knows. */
  readonly body: Body | 'stranger';
  readonly status: 0 | 1;
  readonly blockNumber: bigint;
  readonly blockHash: Hex;
};

/** How a nonce ended: with the operations' effect, reverted, used by a filler of ours, or by a stranger. */
export type TransactionOutcome = 'effect' | 'reverted' | 'filled' | 'stranger';

export type TransactionEvent =
  | { readonly type: 'TransactionSigned'; readonly data: Signed & { readonly variant: Variant } }
  | {
      readonly type: 'TransactionVariantSigned';
      readonly data: { readonly variant: Variant; readonly why: 'reprice' | 'cancel' };
    }
  | { readonly type: 'TransactionMined'; readonly data: Mined }
  | { readonly type: 'TransactionUnmined'; readonly data: { readonly why: string } }
  | {
      readonly type: 'TransactionFinal';
      readonly data: {
        readonly outcome: TransactionOutcome;
        readonly hash: Hex;
        readonly blockNumber: bigint;
        readonly blockHash: Hex;
      };
    };

/** A nonce with at least one variant; the last is the newest. */
export type Known = Signed & { readonly variants: readonly [Variant, ...Variant[]] };
export type PendingTransaction = Known & { readonly phase: 'pending' };
export type MinedTransaction = Known & { readonly phase: 'mined'; readonly mined: Mined };
export type FinalTransaction = Known & {
  readonly phase: 'final';
  readonly mined: Mined;
  readonly outcome: TransactionOutcome;
};

export type TransactionState =
  | { readonly phase: 'none' }
  | PendingTransaction
  | MinedTransaction
  | FinalTransaction;

export function evolveTransaction(state: TransactionState, event: TransactionEvent): TransactionState {
  if (event.type === 'TransactionSigned') {
    if (state.phase !== 'none') throw corrupt(state, event);
    const { variant, ...signed } = event.data;
    return { ...signed, phase: 'pending', variants: [variant] };
  }
  if (state.phase === 'none') throw corrupt(state, event);
  switch (event.type) {
    case 'TransactionVariantSigned':
      if (state.phase !== 'pending') throw corrupt(state, event);
      return { ...state, variants: [...state.variants, event.data.variant] };
    case 'TransactionMined':
      if (state.phase !== 'pending') throw corrupt(state, event);
      return { ...state, phase: 'mined', mined: event.data };
    case 'TransactionUnmined': {
      if (state.phase !== 'mined') throw corrupt(state, event);
      const { mined: _, ...known } = state;
      return { ...known, phase: 'pending' };
    }
    case 'TransactionFinal':
      if (state.phase !== 'mined') throw corrupt(state, event);
      return { ...state, phase: 'final', outcome: event.data.outcome };
    default:
      return unreachable(event);
  }
}

function corrupt(state: TransactionState, event: TransactionEvent): IssuanceError {
  return new IssuanceError('log_corrupt', `a transaction that is ${state.phase} cannot have ${event.type}`);
}

/** `chainId/signer/nonce`. */
export function transactionId(lane: string, nonce: number): string {
  return `${lane}/${String(nonce)}`;
}

/** The newest bytes, which are the ones to send. */
export function newestVariant({ variants }: Pick<Known, 'variants'>): Variant {
  return variants.at(-1) ?? variants[0];
}

/** Wei that a variant can cost at most. */
export function costOf({ gas, maxFeePerGas, value }: Omit<Variant, 'body' | 'hash' | 'raw'>): bigint {
  return gas * maxFeePerGas + value;
}

/** Wei that the nonce can cost at most: only one of its variants is ever mined. */
export function greatestCost({ variants }: Pick<Known, 'variants'>): bigint {
  return variants.map(costOf).reduce((greatest, cost) => (cost > greatest ? cost : greatest), 0n);
}

/** A transaction with operations as its feature is shown it; null for a pure filler. */
export function forFeature(state: Known): (SignedTransaction & { readonly kind: string }) | null {
  const { kind, vault, network, chainId, signer, nonce, operations } = state;
  if (kind === null) return null;
  const lane = laneId(chainId, signer);
  const hashes = state.variants.filter(({ body }) => body === 'operations').map(({ hash }) => hash);
  const context = { lane, network, chainId, signer };
  return { id: transactionId(lane, nonce), lane: context, nonce, kind, vault, operations, hashes };
}
