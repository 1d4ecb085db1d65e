import type { Address, Hex } from 'viem';
import { IssuanceError } from '../primitives/failures.ts';

/** A transaction of type 2 (EIP-1559), complete but for the signature. All amounts in wei. */
export interface UnsignedTransaction {
  readonly chainId: number;
  readonly nonce: number;
  readonly to: Address;
  readonly data: Hex;
  readonly value: bigint;
  readonly gas: bigint;
  readonly maxFeePerGas: bigint;
  readonly maxPriorityFeePerGas: bigint;
}

export interface SignedBytes {
  /** What is broadcast. */
  readonly raw: Hex;
  /** Keccak-256 of `raw`, by which the chain knows it. */
  readonly hash: Hex;
}

/** Whoever holds the key. */
export interface Signer {
  /** In lower case. */
  readonly address: Address;
  readonly kind: 'local' | 'turnkey';
  /**
   * Signs exactly this transaction. Broadcasts nothing.
   *
   * `askedMs` is when this was first asked for, in ms since the epoch. Whoever asks a signer that is not `local`
   * commits the transaction and that moment first, and repeats both to the letter until an answer came: the same
   * question is then the same activity at the custodian, however often it is asked.
   *
   * Rejects with `signature_mismatch` when what came back is not what was asked for, `signing_refused` when whoever
   * holds the key said no, `SigningPending` while it has not decided, `DependencyDown` when it did not serve.
   */
  sign(transaction: UnsignedTransaction, ask: { readonly askedMs: number }): Promise<SignedBytes>;
}

/** Whoever holds the key has the request and has not decided: ask the same again later. */
export class SigningPending extends IssuanceError {
  override readonly name = 'SigningPending';

  constructor(message: string, details: Readonly<Record<string, string | number | boolean | null>>) {
    super('signing_pending', message, { details });
  }
}

/** Custodians, each of which may be away while the others serve. */
export const CUSTODIANS = ['turnkey', 'fireblocks'] as const;

/** Name of a custodian as a dependency, in the log and in metrics. */
export function signerDependency(custodian: (typeof CUSTODIANS)[number]): string {
  return `signer:${custodian}`;
}
