import { type Hex, keccak256 } from 'viem';
import { IssuanceError, RpcFailure } from '../../primitives/failures.ts';
import { classifyBroadcastError } from './broadcast-outcome.ts';
import { decodeHash } from './decode.ts';
import type { Endpoint } from './endpoint.ts';
import type { BroadcastOutcome, BroadcastResult } from './types.ts';

type Answer = BroadcastResult['answers'][number];

/** From the most telling to the least. */
const BY_WEIGHT: readonly BroadcastOutcome[] = [
  'accepted',
  'already_known',
  'nonce_too_low',
  'underpriced',
  'insufficient_funds',
  'rejected',
  'unknown',
];

/**
 * Sends signed bytes to all endpoints at once and resolves with the first acceptance, or else when all have
 * answered or timed out: an endpoint that hangs does not delay a transaction that another one took.
 */
export async function broadcast(endpoints: readonly Endpoint[], raw: Hex): Promise<BroadcastResult> {
  const hash = keccak256(raw);
  const answers: Answer[] = [];
  const sends = endpoints.map(async (endpoint) => {
    const answer = await send(endpoint, raw, hash);
    answers.push(answer);
    return answer;
  });
  const accepted = Promise.any(
    sends.map(async (sending) => {
      const answer = await sending;
      if (!isAccepted(answer)) throw new IssuanceError('broadcast_not_accepted', 'not accepted here');
      return answer;
    }),
  ).catch(() => null);
  const winner = (await accepted) ?? mostTelling(await Promise.all(sends));
  return { outcome: winner.outcome, hash, reason: winner.reason, answers: [...answers] };
}

async function send(endpoint: Endpoint, raw: Hex, hash: Hex): Promise<Answer> {
  const answered = (outcome: BroadcastOutcome, reason: string | null) => ({
    endpoint: endpoint.index,
    outcome,
    reason,
  });
  try {
    const got = await endpoint.ask('eth_sendRawTransaction', [raw], (result) =>
      decodeHash(result, 'transaction hash'),
    );
    // A node that names another transaction did not say that it took ours.
    if (got !== hash) return answered('unknown', `answered with another hash: ${got}`);
    return answered('accepted', null);
  } catch (error) {
    if (error instanceof RpcFailure) return answered(classifyBroadcastError(error), error.message);
    if (error instanceof IssuanceError) return answered('unknown', error.message);
    throw error;
  }
}

function isAccepted(answer: Answer): boolean {
  return answer.outcome === 'accepted' || answer.outcome === 'already_known';
}

function mostTelling(answers: readonly Answer[]): Omit<Answer, 'endpoint'> {
  for (const outcome of BY_WEIGHT) {
    const found = answers.find((answer) => answer.outcome === outcome);
    if (found !== undefined) return found;
  }
  throw new IssuanceError('invariant', 'a broadcast needs at least one endpoint');
}
