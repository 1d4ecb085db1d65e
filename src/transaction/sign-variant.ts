import type { Fees } from '../chain/fees.ts';
import type { PinnedRpc } from '../chain/rpc/types.ts';
import { DependencyDown } from '../engine/dependency-down.ts';
import type { RowWrite } from '../event-store/event-store.ts';
import { HttpFailure, IssuanceError } from '../primitives/failures.ts';
import { checkSigned } from '../signer/check-signed.ts';
import { SigningPending } from '../signer/signer.ts';
import { appendTag } from '../vault/tag.ts';
import { answered, ask, dropQuestion } from './asked.ts';
import { withGasMargin } from './gas-limits.ts';
import type { Lane, LaneDeps } from './runtime.ts';
import type { Variant } from './transaction-state.ts';

/** What a transaction does, without its nonce and its price. */
export type Content = Pick<Variant, 'body' | 'to' | 'data' | 'value' | 'gas'>;

/** What is to be signed at a nonce. */
export interface Signing {
  readonly nonce: number;
  /** How many variants the nonce has already. */
  readonly ordinal: number;
  readonly content: Content;
  readonly fees: Fees;
  readonly operationIds: readonly string[];
}

/**
 * Signs for a nonce, and believes nothing, whoever signs: the bytes must be this transaction by this signer. A question
 * that a custodian has not answered yet is put again as it was, so gas and fees of the variant may be those of then.
 *
 * `writes` belong to the commit that keeps the variant.
 *
 * @throws IssuanceError `signature_mismatch` when they are not, and what the signer throws
 */
export async function signVariant(
  deps: LaneDeps,
  lane: Lane,
  signing: Signing,
): Promise<{ readonly variant: Variant; readonly writes: readonly RowWrite[] }> {
  const { nonce, ordinal, content } = signing;
  const place = { lane: lane.context.lane, nonce, ordinal };
  const { gas, fees, askedMs } = await ask(deps, lane, place, signing);
  const { to, data, value } = content;
  const unsigned = { chainId: lane.chainId, nonce, to, data, value, gas, ...fees };
  try {
    const { raw } = await lane.signer.sign(unsigned, { askedMs });
    const signed = await checkSigned(raw, unsigned, lane.context.signer);
    return { variant: { ...content, gas, ...fees, ...signed }, writes: answered(lane, place) };
  } catch (error) {
    if (isAnswer(error)) await dropQuestion(deps, lane, place);
    throw error;
  }
}

/** False while the custodian may still sign what it was asked. */
function isAnswer(error: unknown): boolean {
  const isOpen =
    error instanceof SigningPending || error instanceof DependencyDown || error instanceof HttpFailure;
  return error instanceof IssuanceError && !isOpen;
}

/**
 * What uses up a nonce and does nothing else: nothing, sent to ourselves, with the tag of no operations, by which a
 * database that forgot it recognises it. The one filler for a cancellation, a gap, and a quarantine.
 */
export async function fillContent(lane: Lane, rpc: PinnedRpc): Promise<Content> {
  const to = lane.context.signer;
  const data = appendTag('0x', []);
  const estimate = await rpc.estimateGas({ from: to, to, data, value: 0n });
  return { body: 'fill', to, data, value: 0n, gas: withGasMargin(estimate) };
}
