import {
  keccak256,
  parseTransaction,
  recoverTransactionAddress,
  serializeTransaction,
  type Address,
  type Hex,
} from 'viem';
import { IssuanceError } from '../primitives/failures.ts';
import type { SignedBytes, UnsignedTransaction } from './signer.ts';

/** Half of secp256k1's order: the chain refuses a signature with a greater s (EIP-2). */
const HALF_ORDER = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0n;

type Parsed = ReturnType<typeof parseTransaction<`0x02${string}`>>;

/**
 * Proves that signed bytes are exactly the transaction that was asked for, signed by `signer`, and gives
 * their hash. Whoever holds the key may err, or be replaced; a transaction that nobody asked for must not
 * leave this process.
 *
 * Rejects with `signature_mismatch`; its text names the fields that differ.
 */
export async function checkSigned(
  raw: Hex,
  asked: UnsignedTransaction,
  signer: Address,
): Promise<SignedBytes> {
  const signed = parse(raw);
  const wrong = differences(signed, asked);
  if (wrong.length > 0) throw mismatch(`differs from the request in ${wrong.join(', ')}`);
  const { r, s, yParity } = signed;
  if (r === undefined || s === undefined || yParity === undefined) throw mismatch('carries no signature');
  // The same values in other bytes would have another hash than the one that the chain will know.
  if (serializeTransaction({ type: 'eip1559', ...asked }, { r, s, yParity }) !== raw)
    throw mismatch('is not in its canonical encoding');
  if (BigInt(s) > HALF_ORDER) throw mismatch('has a high s, which the chain refuses');
  const sender = await recover(raw);
  if (sender !== signer.toLowerCase()) throw mismatch(`was signed by ${sender}, not by ${signer}`);
  return { raw, hash: keccak256(raw) };
}

function parse(raw: Hex): Parsed {
  if (!raw.startsWith('0x02')) throw mismatch('is no transaction of type 2');
  try {
    return parseTransaction(raw as `0x02${string}`);
  } catch (cause) {
    throw mismatch('cannot be decoded', cause);
  }
}

async function recover(raw: Hex): Promise<string> {
  try {
    const serializedTransaction = raw as `0x02${string}`;
    return (await recoverTransactionAddress({ serializedTransaction })).toLowerCase();
  } catch (cause) {
    throw mismatch('has a signature of nobody', cause);
  }
}

/** Decoding leaves out what is zero or empty. */
function differences(signed: Parsed, asked: UnsignedTransaction): readonly string[] {
  const same: Record<keyof UnsignedTransaction | 'accessList', boolean> = {
    chainId: signed.chainId === asked.chainId,
    nonce: (signed.nonce ?? 0) === asked.nonce,
    to: signed.to?.toLowerCase() === asked.to.toLowerCase(),
    data: (signed.data ?? '0x').toLowerCase() === asked.data.toLowerCase(),
    value: (signed.value ?? 0n) === asked.value,
    gas: (signed.gas ?? 0n) === asked.gas,
    maxFeePerGas: (signed.maxFeePerGas ?? 0n) === asked.maxFeePerGas,
    maxPriorityFeePerGas: (signed.maxPriorityFeePerGas ?? 0n) === asked.maxPriorityFeePerGas,
    accessList: (signed.accessList ?? []).length === 0,
  };
  return Object.entries(same).flatMap(([name, equal]) => (equal ? [] : [name]));
}

function mismatch(what: string, cause?: unknown): IssuanceError {
  return new IssuanceError('signature_mismatch', `the signed transaction ${what}: it was discarded`, {
    cause,
  });
}
