import type { Address, Hex } from 'viem';

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
  readonly kind: 'local';
  /**
   * Signs exactly this transaction. Broadcasts nothing.
   *
   * Rejects with `signature_mismatch` when what came back is not what was asked for.
   */
  sign(transaction: UnsignedTransaction): Promise<SignedBytes>;
}
