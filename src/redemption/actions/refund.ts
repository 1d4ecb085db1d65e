import { change } from '../../event-store/ledger.ts';
import type { Change, Loaded } from '../../event-store/ledger.ts';
import type { ActionCall, Assess, Assessment } from '../../operation/actions.ts';
import { actionMetadata, done, refused } from '../../operation/actions.ts';
import type { RefundOpener } from '../../operation/refund-terms.ts';
import { IssuanceError, unreachable } from '../../primitives/failures.ts';
import { formatQuantity } from '../../primitives/quantity.ts';
import { refundId as refundIdOf } from '../../primitives/uuid.ts';
import { laneId } from '../../transaction/lane-id.ts';
import { compareSplits } from '../../vault/split-count.ts';
import { isRefundable } from '../decide-refund.ts';
import { decideRedemption } from '../decide.ts';
import { doubtTransfer } from '../doubt-transfer.ts';
import { refundTerms } from '../refund-book.ts';
import { redemptionKind } from '../redemption-kind.ts';
import type { KnownRedemption, RedemptionState } from '../state.ts';
import { askAlpaca } from './look.ts';
import type { RedemptionActionOptions } from './options.ts';

/**
 * Begins the refund of a redemption: an operation of its own that sends the whole amount back to whoever sent it, once.
 * Alpaca must have rejected it, or must not know of it.
 */
export function createRefundRedemption(options: RedemptionActionOptions): Assess {
  return async (call) => {
    const loaded = await options.ledger.load(redemptionKind, call.id);
    const { state, version } = loaded;
    if (state.kind === 'refunding') {
      const what = `its refund ${state.refundId} is under way`;
      return { ...done(version, [], what), refundId: state.refundId };
    }
    if (state.kind === 'refunded') {
      const what = `its tokens went back in ${state.transactionHash}`;
      return { ...done(version, [], what), refundId: state.refundId };
    }
    if (!('redemption' in state)) return refused(version, [], recordedText(state));
    if (state.redemption.forwarding !== null) {
      const why = `transfer ${state.redemption.forwarding} moves its shares to the signer in charge: wait for that`;
      return refused(version, [], why);
    }
    if (!isRefundable(state)) {
      const why = `it is ${state.kind}: only what Alpaca rejected, or was never asked for, goes back`;
      return refused(version, [], why);
    }
    return assess(options, call, { ...loaded, state });
  };
}

async function assess(
  options: RedemptionActionOptions,
  call: ActionCall,
  loaded: Loaded<KnownRedemption>,
): Promise<Assessment> {
  const { version, state } = loaded;
  const { redemption } = state;
  const { holder } = redemption;
  const { network, chainId, vault, from, amount, token, transactionHash } = redemption.transfer;
  const refundId = refundIdOf(call.id);
  const forgotten = await options.desk.forgotten(chainId, refundId);
  if (forgotten !== null) {
    return refused(version, [], `${forgotten.hash}, which this database had forgotten, is its refund`);
  }
  const evidence = await options.desk.finalTransaction(network, transactionHash);
  const doubt =
    typeof evidence === 'string' ? evidence : await doubtTransfer(options.rpcOf, redemption.transfer);
  if (doubt !== null)
    return refused(version, [doubt], 'its transfer is not final: nothing is sent back before');
  const found = [`${from} sent ${formatQuantity(amount)} ${token} in ${transactionHash}, which is final`];
  const { record, text } = await askAlpaca(options, call.id, redemption);
  found.push(text);
  if (state.kind === 'rejected' ? record?.status !== 'rejected' : record !== null) {
    const why = 'Alpaca must have rejected it, or must not know it: else its shares may be journaled';
    return refused(version, found, why);
  }
  if (options.standing(chainId, holder).kind === 'no_key') {
    return refused(version, found, `the tokens lie in ${holder}, whose key is not at hand`);
  }
  const verdict = compareSplits(redemption.splits, await options.splits.now(network, vault));
  if (verdict.kind === 'split' || verdict.kind === 'behind') {
    return refused(
      version,
      [...found, verdict.why],
      `the amount that was sent is another one now: ${BY_HAND}`,
    );
  }
  const events = decideRedemption({ type: 'startRefund', refundId, found }, state);
  // Opened here, where nothing is committed yet, so that a dry run tells of a refund that cannot begin anew.
  const refund = await open(options, refundId, refundTerms(call.id, redemption), found);
  if (typeof refund === 'string') {
    // Somebody else may have begun it since the redemption was read: then that is the answer.
    const now = await options.ledger.load(redemptionKind, call.id);
    if (now.version !== version) return createRefundRedemption(options)(call);
    return { ...refused(version, found, refund), refundId };
  }
  const run = async (): Promise<void> => {
    await options.ledger.commit({
      changes: [change(redemptionKind, loaded, events), refund],
      metadata: actionMetadata(call),
    });
    options.desk.wake([laneId(chainId, holder)]);
  };
  const what = `${formatQuantity(amount)} ${token} go back to ${from} as refund ${refundId}`;
  return { version, found, refundId, verdict: { kind: 'act', what, run } };
}

/** What begins the refund; a text tells why it cannot begin. */
async function open(
  { refunds }: Pick<RedemptionActionOptions, 'refunds'>,
  ...terms: Parameters<RefundOpener['open']>
): Promise<Change | string> {
  try {
    return await refunds.open(...terms);
  } catch (error) {
    if (error instanceof IssuanceError && error.code === 'operation_state') return error.message;
    throw error;
  }
}

const BY_HAND =
  'send back by hand what it is now, resume the network, and complete this redemption with that transaction';

/** Why nothing goes back of what was never a redemption, and what to do. */
function recordedText(state: Extract<RedemptionState, { kind: 'none' | 'recorded' }>): string {
  if (state.kind === 'none') return 'there is no such redemption';
  switch (state.why) {
    case 'dust_only':
      return (
        'it is less than 10⁻⁹ of a token, which Alpaca cannot count, and sending it back would cost more than it is ' +
        'worth: it stays in our wallet, and is counted there as owed'
      );
    case 'zero':
      return 'nothing was sent, so that nothing is to go back';
    case 'self_transfer':
      return 'one of our own wallets sent it: it is where it belongs';
    case 'historic':
      return (
        'it is older than the block from which transfers are redeemed (CHAIN_<NETWORK>_REDEMPTIONS_FROM_BLOCK): who ' +
        'ran the wallet then must settle it'
      );
    default:
      return unreachable(state.why);
  }
}
