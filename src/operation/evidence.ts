import type { Hex } from 'viem';
import type { TransactionDesk } from '../transaction/desk.ts';

const HASH = /^0x[0-9a-f]{64}$/i;

/** The one transaction hash that an operator gave, in lower case; a text of `fault` tells what is wrong with it. */
export function onlyHash(evidence: readonly string[]): { readonly hash: Hex } | { readonly fault: string } {
  const [first, ...more] = evidence;
  if (first === undefined || more.length > 0) {
    return { fault: 'the evidence must be the hash of the one transaction that did it' };
  }
  if (!HASH.test(first)) return { fault: `the evidence ${first.slice(0, 80)} is not a transaction hash` };
  return { hash: first.toLowerCase() as Hex };
}

/**
 * Whether an operator's word may stand in for the chain: only where the chain cannot tell, and only from somebody who
 * names exactly the hashes that were signed, or a custodian's external id where no hash is known. Null when it may,
 * else why not.
 */
export async function acknowledged(
  desk: Pick<TransactionDesk, 'unanswerable'>,
  transactionId: string,
  hashes: readonly string[],
  evidence: readonly string[],
): Promise<string | null> {
  const given = new Set(evidence.map((it) => it.toLowerCase()));
  if (given.size !== hashes.length || !hashes.every((it) => given.has(it.toLowerCase()))) {
    return `the evidence must be exactly the hashes that were signed: ${hashes.join(', ')}`;
  }
  const why = await desk.unanswerable(transactionId);
  return why === null
    ? 'the chain can tell what becomes of it: close without evidence cancels it first'
    : null;
}
