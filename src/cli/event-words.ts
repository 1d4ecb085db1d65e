import { externalIdIn, isCallId } from '../transaction/calls/call-state.ts';
import type { TransferEvent } from '../custody/transfer/state.ts';
import type { MintEvent } from '../mint/state.ts';
import type { RedemptionEvent } from '../redemption/state.ts';
import type { RefundEvent } from '../refund/state.ts';

type EventType = MintEvent['type'] | RedemptionEvent['type'] | RefundEvent['type'] | TransferEvent['type'];

/** What each event of an operation means, for someone who never saw one. */
const MEANINGS: Readonly<Record<EventType, string>> = {
  MintRequested: 'Alpaca asked for a mint; it is stored and answered',
  ConfirmReceivedEarly: 'Alpaca confirmed a mint that we do not know yet; stored',
  RequestListed: 'Alpaca lists a request that this database, restored from a backup, had forgotten',
  ConfirmNotUnderstood: 'Alpaca called to confirm in a way that is not understood; stored',
  JournalCompleted: 'Alpaca journaled the shares to us and confirmed',
  JournalRejected: 'Alpaca could not journal the shares: nothing will be minted',
  ConfirmContradicted: 'Alpaca confirmed something else than what is known; stored and refused',
  LaneChanged: 'its signer was replaced: another one mints it',
  SplitCountRecorded: 'read how many stock splits the vault has had: they change what a share is',
  MintSubmitted: 'signed and committed, then sent: deposit and transfer in one transaction',
  Minted: 'in a block: the tokens are in the AP’s wallet',
  MintUnsettled: 'its block vanished: the same bytes go out again',
  MintReleased: 'its transaction had no effect, as a final block shows: it is minted anew',
  CallbackStarted: 'telling Alpaca the transaction’s hash',
  MintCompleted: 'Alpaca has the callback: done',
  MintHeld: 'held: a person must judge it',
  MintResumed: 'a person let it go on',
  MintClosed: 'closed by a person',
  MintClosing: 'a person wants it closed: what was signed or asked for is cancelled first',
  ConfirmDismissed: 'a person gave up the confirm that nobody could place',
  MintRetargeted: 'a person sent it to the vault that serves its asset now',
  RecoveryAsked: 'a person had it looked at: its next step is due at once',
  TransferDetected: 'saw the transfer to the redemption wallet',
  TransferRecorded: 'saw a transfer that is recorded and not redeemed',
  OwnerBound: 'the wallet’s owner is known now',
  RedemptionWaiting: 'waits before Alpaca is asked',
  RedeemPromised: 'receipts promised; asking Alpaca to journal the shares to the AP',
  RedemptionRequested: 'Alpaca knows of it and journals',
  RedemptionJournaled: 'Alpaca journaled the shares to the AP',
  RedemptionRejected: 'Alpaca rejected it: the tokens are still ours to give back',
  BurnSigned: 'burn signed and committed, receipts reserved, then sent',
  BurnSettled: 'in a block: the tokens are burned',
  BurnFound: 'found on chain: a transaction that this database had forgotten burned them',
  BurnUnsettled: 'its block vanished: the same bytes go out again',
  BurnReleased: 'its transaction had no effect, as a final block shows: it is burned anew',
  RedemptionHeld: 'held: a person must judge it',
  RedemptionResumed: 'a person let it go on',
  RedemptionClosed: 'closed by a person',
  RedemptionClosing: 'a person wants it closed: what was signed or asked for is cancelled first',
  RefundStarted: 'a person has the tokens sent back: a refund was begun for it',
  RedemptionRefunded: 'the tokens are back with their sender',
  RefundVanished: 'the refund’s block vanished: it is to be mined again',
  RefundRequested: 'a person has the tokens of a redemption sent back to their sender',
  RefundSubmitted: 'transfer signed and committed, then sent',
  RefundSettled: 'in a block: the tokens are back with their sender',
  RefundUnsettled: 'its block vanished: the same bytes go out again',
  RefundReleased: 'its transaction had no effect, as a final block shows: it is sent anew',
  RefundHeld: 'held: a person must judge it',
  RefundResumed: 'a person let it go on',
  RefundClosing: 'a person wants it closed: what was signed or asked for is cancelled first',
  RefundClosed: 'closed by a person: its redemption is as it was before',
  RefundEnded: 'its refund ended without effect',
  ForwardStarted: 'its shares lie with a signer that is not in charge: they are handed over first',
  SharesForwarded: 'its shares lie with the signer in charge now',
  ForwardVanished: 'the block that handed its shares over vanished: they are to be handed over again',
  ForwardEnded: 'the transfer of its shares ended without effect',
  TransferRequested: 'to go from one of our signers to the one in charge',
  TransferSubmitted: 'signed and committed, then sent',
  TransferSettled: 'in a block: the signer in charge has it',
  TransferUnsettled: 'its block vanished: the same bytes go out again',
  TransferReleased: 'its transaction had no effect, as a final block shows: it is sent anew',
  TransferHeld: 'held: a person must judge it',
  TransferResumed: 'a person let it go on',
  TransferClosing: 'a person wants it closed: what was signed or asked for is cancelled first',
  TransferClosed: 'ended without effect: what was to go over stays where it is',
};

/** The same where a custodian signs and sends by itself. */
const MEANINGS_AT_CUSTODIAN: Partial<Record<EventType, string>> = {
  MintSubmitted:
    'committed, then asked of the custodian, which signs and sends it: deposit and transfer in one transaction',
  MintUnsettled: 'its block vanished: the custodian is to bring it back',
  BurnSigned:
    'receipts reserved and committed, then the burn asked of the custodian, which signs and sends it',
  BurnUnsettled: 'its block vanished: the custodian is to bring it back',
  RefundSubmitted: 'transfer committed, then asked of the custodian, which signs and sends it',
  RefundUnsettled: 'its block vanished: the custodian is to bring it back',
  TransferSubmitted: 'committed, then asked of the custodian, which signs and sends it',
  TransferUnsettled: 'its block vanished: the custodian is to bring it back',
};

interface Told {
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** What an event means, with what it says itself; null for a type that this program does not know. */
export function eventMeaning({ type, data }: Told): string | null {
  const meaning = Object.hasOwn(MEANINGS, type) ? meaningOf(type as EventType, data) : null;
  const why = data['why'] ?? data['for'];
  if (typeof why !== 'string') return meaning;
  return meaning === null ? why : `${meaning} (${why})`;
}

function meaningOf(type: EventType, { transactionId }: Told['data']): string {
  const isCall = typeof transactionId === 'string' && isCallId(transactionId);
  return (isCall ? MEANINGS_AT_CUSTODIAN[type] : undefined) ?? MEANINGS[type];
}

/**
 * The one id of an event that someone would look up. A transaction that is signed is known by its nonce, and what a
 * custodian is asked for by the external id that it knows it by.
 */
export function eventDetail({ data }: Told): string | null {
  const effect = data['effect'] as Readonly<Record<string, unknown>> | undefined;
  const hash = data['transactionHash'] ?? effect?.['transactionHash'];
  if (typeof hash === 'string') return `transaction ${hash}`;
  const { transactionId } = data;
  if (typeof transactionId === 'string') {
    const externalId = externalIdIn(transactionId);
    return externalId === null
      ? `nonce ${transactionId.split('/').at(-1) ?? ''}`
      : `external id ${externalId}`;
  }
  const request = data['tokenizationRequestId'];
  return typeof request === 'string' ? `tokenization request ${request}` : null;
}
