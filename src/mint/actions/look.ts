import type { Hex } from 'viem';
import type { TokenizationRequest } from '../../alpaca/types.ts';
import type { Change, Loaded } from '../../event-store/ledger.ts';
import { IssuanceError } from '../../primitives/failures.ts';
import { formatQuantity } from '../../primitives/quantity.ts';
import type { FinalEvidence } from '../../transaction/desk.ts';
import { laneId } from '../../transaction/lane-id.ts';
import { readMintEffects } from '../../vault/mint-effects.ts';
import { readTag } from '../../vault/tag.ts';
import { depositChange, mintEffectOf, plannedOf } from '../effects.ts';
import { mintKind } from '../mint-kind.ts';
import type { KnownMint, MintEffect, MintTerms } from '../state.ts';
import { exchange } from '../../operation/alpaca-error.ts';
import type { MintActionOptions } from './options.ts';

/** What Alpaca has of a mint; the record is null where it does not know the request. */
export interface AtAlpaca {
  readonly record: TokenizationRequest | null;
  readonly text: string;
}

/**
 * Looks a request up at Alpaca.
 *
 * @throws DependencyDown; IssuanceError `alpaca_unavailable` for an answer that tells nothing
 */
export async function askAlpaca(
  { alpaca }: Pick<MintActionOptions, 'alpaca'>,
  tokenizationRequestId: string,
): Promise<AtAlpaca> {
  const answer = await alpaca.getRequest(tokenizationRequestId);
  switch (answer.kind) {
    case 'not_found':
      return { record: null, text: `Alpaca does not know the request ${tokenizationRequestId}` };
    case 'ok': {
      const { value } = answer;
      if (value.tokenizationRequestId.toLowerCase() !== tokenizationRequestId.toLowerCase()) {
        throw unclear(`it answered with the request ${value.tokenizationRequestId}`);
      }
      const hash =
        value.transactionHash === null ? 'no transaction' : `the transaction ${value.transactionHash}`;
      return {
        record: value,
        text: `Alpaca has the request as ${value.statusText ?? 'pending'}, with ${hash}${exchange(answer.requestId)}`,
      };
    }
    case 'refused':
    case 'unclear':
      throw unclear(answer.refusal.message);
    default:
      return answer satisfies never;
  }
}

function unclear(why: string): IssuanceError {
  return new IssuanceError(
    'alpaca_unavailable',
    `Alpaca does not tell what it has, so nothing is decided: ${why}`,
  );
}

/** An effect that is proven as settling would have it. */
export interface ProvenMint {
  readonly effect: MintEffect;
  /** The deposit's record, where it is not there yet. */
  readonly changes: readonly Change[];
  readonly text: string;
}

/**
 * Proves by a final block that a transaction minted this: sent by one of our signers, on the mint's vault, with its id,
 * the exact amount, and the transfer to its wallet. A text tells what is missing.
 */
export async function proveMint(
  options: MintActionOptions,
  loaded: Loaded<KnownMint>,
  hash: Hex,
): Promise<ProvenMint | string> {
  const { terms } = loaded.state.mint;
  const evidence = await options.desk.finalTransaction(terms.network, hash);
  return typeof evidence === 'string' ? evidence : readProof(options, loaded, terms, evidence);
}

async function readProof(
  options: MintActionOptions,
  loaded: Loaded<KnownMint>,
  { network, chainId, vault }: MintTerms,
  { transaction, receipt }: FinalEvidence,
): Promise<ProvenMint | string> {
  const { hash, from: signer } = transaction;
  if (!options.wallets(network).includes(signer))
    return `${hash} was sent by ${signer}, who is none of our signers`;
  if (receipt.status !== 1) return `${hash} reverted`;
  const ids = readTag(transaction.input)?.operationIds ?? [];
  if (!ids.includes(loaded.id)) return `${hash} does not name this mint in its tag`;
  const named = await options.ledger.loadMany(mintKind, ids);
  const reading = readMintEffects(receipt.logs, vault, signer, named.map(plannedOf));
  const proven =
    reading.kind === 'asPlanned'
      ? reading.effects
      : reading.outcomes.flatMap((it) => (it.kind === 'effect' ? [it.effect] : []));
  const effect = proven.find((it) => it.operationId === loaded.id);
  if (effect === undefined) {
    return `${hash} did not mint it on ${vault}: ${reading.kind === 'asPlanned' ? 'no effect' : reading.why}`;
  }
  const lane = { lane: laneId(chainId, signer), network, chainId, signer };
  const text =
    `${hash} minted ${formatQuantity(effect.shares)} for it as receipt ${String(effect.receiptId)} ` +
    `in the final block ${String(receipt.blockNumber)}`;
  return {
    effect: { ...mintEffectOf(effect, receipt), transactionId: null },
    changes: await depositChange(options.inventory, lane, vault, effect, receipt),
    text,
  };
}
