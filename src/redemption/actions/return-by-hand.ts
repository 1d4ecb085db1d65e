import type { Loaded } from '../../event-store/ledger.ts';
import type { ActionCall, Assessment } from '../../operation/actions.ts';
import { refused } from '../../operation/actions.ts';
import { formatQuantity } from '../../primitives/quantity.ts';
import { refundId as refundIdOf } from '../../primitives/uuid.ts';
import type { TransactionReceipt } from '../../chain/rpc/types.ts';
import { vaultMoments } from '../../vault/moments.ts';
import { compareSplits } from '../../vault/split-count.ts';
import { readTag } from '../../vault/tag.ts';
import type { KnownRedemption, Redemption } from '../state.ts';
import { act, askAlpaca } from './look.ts';
import type { RedemptionActionOptions } from './options.ts';

/**
 * Counts tokens as sent back by a transfer that a person made with our key, past the refund: where that is refused, for
 * a vault that split since or a signer that is configured no more. It ends what is owed, and is claimed by this
 * redemption alone.
 */
export async function returnByHand(
  options: RedemptionActionOptions,
  call: ActionCall,
  loaded: Loaded<KnownRedemption>,
  hash: `0x${string}`,
): Promise<Assessment> {
  const { version, state } = loaded;
  const { redemption } = state;
  const { network, vault, token, from } = redemption.transfer;
  if (redemption.forwarding !== null) {
    const why = `transfer ${redemption.forwarding} moves its shares to the signer in charge: wait for that`;
    return refused(version, [], why);
  }
  const refundId = refundIdOf(call.id);
  const evidence = await options.desk.finalTransaction(network, hash);
  if (typeof evidence === 'string') return refused(version, [], evidence);
  const { transaction, receipt } = evidence;
  if (!options.wallets(network).includes(transaction.from)) {
    return refused(version, [], `${hash} was sent by ${transaction.from}, who is none of our signers`);
  }
  const named = readTag(transaction.input)?.operationIds ?? [];
  if (named.some((id) => id !== refundId)) {
    return refused(version, [], `${hash} names other operations in its tag`);
  }
  const back = transferBack(redemption, receipt);
  if (typeof back === 'string') return refused(version, [], `${hash} did not send the tokens back: ${back}`);
  const verdict = compareSplits(redemption.splits, await options.splits.now(network, vault));
  const amount = formatQuantity(back.amount);
  const place = `in the final block ${String(receipt.blockNumber)}`;
  const found = [`${hash} sent ${amount} ${token} back to ${from} ${place}`];
  if (verdict.kind === 'split')
    found.push(`${verdict.why}: that ${amount} is what came is yours to answer for`);
  else if (back.amount !== redemption.transfer.amount) {
    return refused(
      version,
      found,
      `${formatQuantity(redemption.transfer.amount)} came, and all of it must go back`,
    );
  }
  const { record, text } = await askAlpaca(options, call.id, redemption);
  found.push(text);
  if (state.kind === 'rejected' ? record?.status !== 'rejected' : record !== null) {
    const why = 'Alpaca must have rejected it, or must not know it: else its shares may be journaled';
    return refused(version, found, why);
  }
  const returned = { type: 'returnByHand', refundId, transactionHash: hash, ...back, found } as const;
  const what = 'its tokens count as sent back, and nothing is owed for it any more';
  return { version, found, verdict: act(options, call, loaded, { what, commands: [returned] }) };
}

/** The one transfer of a transaction on the vault, from our wallet to whoever sent the tokens. */
function transferBack(
  { transfer, holder }: Redemption,
  receipt: TransactionReceipt,
): { readonly ordinal: number; readonly amount: bigint } | string {
  if (receipt.status !== 1) return 'it reverted';
  const read = vaultMoments(receipt.logs, transfer.vault);
  if (read.kind === 'unusable') return read.why;
  const [only, ...others] = read.moments;
  if (only === undefined || others.length > 0)
    return 'it must be one transfer on the vault, and nothing else';
  const { decoded, ordinal, text } = only;
  const isBack = decoded.kind === 'transfer' && decoded.from === holder && decoded.to === transfer.from;
  return isBack && decoded.value > 0n ? { ordinal, amount: decoded.value } : `it is ${text}`;
}
