import { parseTransaction, serializeTransaction, toHex, type Hex } from 'viem';

/** Order of secp256k1 (SEC 2, section 2.4.1). */
const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

/**
 * Gives signed bytes with the low one of the two values of s that are equally valid (EIP-2): a custodian may answer
 * with either, and the chain takes only one. Bytes that are no signed transaction of type 2 come back as they are; the
 * check of what was signed says what is wrong with them.
 */
export function normalizeSigned(raw: Hex): Hex {
  if (!raw.startsWith('0x02')) return raw;
  try {
    const { r, s, yParity, v: _v, ...transaction } = parseTransaction(raw as `0x02${string}`);
    if (r === undefined || s === undefined || yParity === undefined || BigInt(s) <= ORDER / 2n) return raw;
    const low = toHex(ORDER - BigInt(s), { size: 32 });
    return serializeTransaction(transaction, { r, s: low, yParity: 1 - yParity });
  } catch {
    // Not decodable, which `checkSigned` finds again and tells.
    return raw;
  }
}
