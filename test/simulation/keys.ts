import type { Address, Hex } from 'viem';
import { hexToBigInt, keccak256, numberToHex, parseTransaction, serializeTransaction, toHex } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import type { Signer } from '../../src/signer/signer.ts';

/** Order of secp256k1. */
const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

/** A key that signs in microseconds. */
export interface CheapKey {
  readonly address: Address;
  readonly signer: Signer;
  /** The first half of all its signatures, by which a simulated node knows it. */
  readonly r: bigint;
}

/**
 * Creates a key whose signatures all share their ephemeral key, so that a signature costs two multiplications. They
 * are valid, and the service checks them in full; whoever sees two of them can compute the key, so it is for
 * simulations alone.
 */
export function createCheapKey(name: string): CheapKey {
  const secret = hexToBigInt(keccak256(toHex(`key of ${name}`))) % ORDER;
  const ephemeral = hexToBigInt(keccak256(toHex(`ephemeral of ${name}`))) % ORDER;
  const point = privateKeyToAccount(numberToHex(ephemeral, { size: 32 })).publicKey;
  const r = hexToBigInt(`0x${point.slice(4, 68)}`) % ORDER;
  const isOdd = BigInt(`0x${point.slice(68)}`) % 2n === 1n;
  const inverse = power(ephemeral, ORDER - 2n);
  const address = privateKeyToAccount(numberToHex(secret, { size: 32 })).address.toLowerCase() as Address;
  return {
    address,
    r,
    signer: {
      address,
      kind: 'local',
      async sign(unsigned) {
        const transaction = { type: 'eip1559', ...unsigned } as const;
        const digest = hexToBigInt(keccak256(serializeTransaction(transaction)));
        const s = (inverse * ((digest + r * secret) % ORDER)) % ORDER;
        const isHigh = s > ORDER / 2n;
        const raw = serializeTransaction(transaction, {
          r: numberToHex(r, { size: 32 }),
          s: numberToHex(isHigh ? ORDER - s : s, { size: 32 }),
          yParity: isOdd !== isHigh ? 1 : 0,
        });
        return { raw, hash: keccak256(raw) };
      },
    },
  };
}

/** Whose signature stands under these bytes; null when it is none of these keys. */
export function signerOf(keys: readonly CheapKey[], raw: Hex): Address | null {
  const { r } = parseTransaction(raw as `0x02${string}`);
  const found = r === undefined ? undefined : keys.find((key) => key.r === hexToBigInt(r));
  return found?.address ?? null;
}

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  for (let square = base, left = exponent; left > 0n; left >>= 1n) {
    if ((left & 1n) === 1n) result = (result * square) % ORDER;
    square = (square * square) % ORDER;
  }
  return result;
}
