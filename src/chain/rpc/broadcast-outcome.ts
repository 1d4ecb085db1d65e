import type { RpcFailure } from '../../primitives/failures.ts';
import type { BroadcastOutcome } from './types.ts';

/**
 * What clients say when they refuse signed bytes, tried in this order. The words are those of geth and its
 * relatives (erigon, op-geth, bor, bsc, Arbitrum, Mantle), reth, Nethermind, Besu, Anvil, OpenEthereum and
 * Cronos.
 */
const TEXTS: readonly (readonly [BroadcastOutcome, RegExp])[] = [
  ['already_known', /already ?known|already imported|same hash was already|\bknown transaction\b/i],
  ['already_known', /already (in|exists in) (the )?(mem ?pool|pool|cache)/i],
  ['nonce_too_low', /nonce[ _](is )?too[ _]low|old ?nonce|nonce[^.]{0,20} already (been )?used/i],
  ['nonce_too_low', /nonce (is )?(lower|less) than|below (the )?(current|account) nonce/i],
  ['underpriced', /underpriced|fee ?too ?low|insufficient fee|minimum global fee|below configured minimum/i],
  ['underpriced', /(fee|tip|gas ?price)\b[^.]{0,40}(too low|below|less than|lower than)/i],
  ['underpriced', /could not replace|replacement ?not ?allowed|own ?nonce ?already ?used/i],
  ['insufficient_funds', /insufficient[ _]?(funds|balance)|not enough (funds|balance)|have enough funds/i],
  ['insufficient_funds', /exceeds[ _](account )?balance|balance (is )?(too low|<)|balance: \d+, cumulative/i],
];

/** The node met an obstacle of its own: nothing says that it looked at the transaction. */
const NOT_A_REFUSAL =
  /time(d)? ?out|internal error|temporarily|unavailable|syncing|try again|not ready|shutting down/i;

/** Reads what a failed `eth_sendRawTransaction` means. Never a proof: other nodes may think otherwise. */
export function classifyBroadcastError(failure: RpcFailure): BroadcastOutcome {
  if (failure.kind === 'unreachable') return 'unknown';
  const cosmos = cosmosNonce(failure.message);
  if (cosmos !== null) return cosmos;
  for (const [outcome, text] of TEXTS) {
    if (text.test(failure.message)) return outcome;
  }
  return NOT_A_REFUSAL.test(failure.message) ? 'unknown' : 'rejected';
}

/** Cronos has one text for both sides: "invalid nonce; got 5, expected 6: invalid sequence". */
function cosmosNonce(message: string): BroadcastOutcome | null {
  const match = /invalid nonce; got (\d+), expected (\d+)/i.exec(message);
  if (match?.[1] === undefined || match[2] === undefined) return null;
  return BigInt(match[1]) < BigInt(match[2]) ? 'nonce_too_low' : 'rejected';
}
