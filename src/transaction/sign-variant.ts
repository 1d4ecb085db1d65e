import type { TransactionSerializedEIP1559 } from 'viem';
import { keccak256, parseTransaction, recoverTransactionAddress } from 'viem';
import type { Fees } from '../chain/fees.ts';
import type { PinnedRpc } from '../chain/rpc/types.ts';
import { IssuanceError } from '../primitives/failures.ts';
import { appendTag } from '../vault/tag.ts';
import type { Lane, UnsignedTransaction } from './runtime.ts';
import type { Variant } from './transaction-state.ts';

/** What a transaction does, without its nonce and its price. */
export type Content = Pick<Variant, 'body' | 'to' | 'data' | 'value' | 'gas'>;

/**
 * Signs for a nonce, and believes nothing: the bytes are read back, and must be this transaction by this signer.
 *
 * @throws IssuanceError `signer_altered` when the signer returned something else
 */
export async function signVariant(lane: Lane, nonce: number, content: Content, fees: Fees): Promise<Variant> {
  const { to, data, value, gas } = content;
  const unsigned: UnsignedTransaction = { chainId: lane.chainId, nonce, to, data, value, gas, ...fees };
  const { raw } = await lane.signer.sign(unsigned);
  const fault = await faultOf(raw, unsigned, lane.context.signer);
  if (fault !== null) {
    throw new IssuanceError(
      'signer_altered',
      `the signer of lane ${lane.context.lane} returned other bytes than asked for (${fault}); they are not used`,
      { details: { lane: lane.context.lane, nonce, fault } },
    );
  }
  return { ...content, ...fees, hash: keccak256(raw), raw };
}

async function faultOf(
  raw: `0x${string}`,
  expected: UnsignedTransaction,
  signer: string,
): Promise<string | null> {
  let parsed: ReturnType<typeof parseTransaction>;
  let from: string;
  try {
    parsed = parseTransaction(raw);
    from = await recoverTransactionAddress({ serializedTransaction: raw as TransactionSerializedEIP1559 });
  } catch (error) {
    return `not a signed transaction: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`;
  }
  const got = [
    ['type', parsed.type, 'eip1559'],
    ['chain id', parsed.chainId, expected.chainId],
    ['nonce', parsed.nonce ?? 0, expected.nonce],
    ['to', parsed.to?.toLowerCase(), expected.to.toLowerCase()],
    ['data', parsed.data ?? '0x', expected.data],
    ['value', parsed.value ?? 0n, expected.value],
    ['gas', parsed.gas ?? 0n, expected.gas],
    ['max fee', parsed.maxFeePerGas ?? 0n, expected.maxFeePerGas],
    ['max priority fee', parsed.maxPriorityFeePerGas ?? 0n, expected.maxPriorityFeePerGas],
    ['access list length', parsed.accessList?.length ?? 0, 0],
    ['signer', from.toLowerCase(), signer],
  ] as const;
  return got.find(([, value, wanted]) => value !== wanted)?.[0] ?? null;
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
