import type { Fees } from '../chain/fees.ts';
import type { PinnedRpc } from '../chain/rpc/types.ts';
import { checkSigned } from '../signer/check-signed.ts';
import { appendTag } from '../vault/tag.ts';
import type { Lane } from './runtime.ts';
import type { Variant } from './transaction-state.ts';

/** What a transaction does, without its nonce and its price. */
export type Content = Pick<Variant, 'body' | 'to' | 'data' | 'value' | 'gas'>;

/**
 * Signs for a nonce, and believes nothing, whoever signs: the bytes must be this transaction by this signer.
 *
 * @throws IssuanceError `signature_mismatch` when they are not, and what the signer throws
 */
export async function signVariant(lane: Lane, nonce: number, content: Content, fees: Fees): Promise<Variant> {
  const { to, data, value, gas } = content;
  const unsigned = { chainId: lane.chainId, nonce, to, data, value, gas, ...fees };
  const { raw } = await lane.signer.sign(unsigned);
  const signed = await checkSigned(raw, unsigned, lane.context.signer);
  return { ...content, ...fees, ...signed };
}

/** Gas limit from an estimate: 1.25 times what was used once ran out, since a later state costs more. */
export function withGasMargin(estimate: bigint): bigint {
  return (estimate * 13n) / 10n + 20_000n;
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
