import type { EventAnswer, OperationAnswer } from './service/wire.ts';

/** One exchange with Alpaca that the log or the last attempt tells of. */
export interface KnownCall {
  readonly time: string;
  readonly who: 'Alpaca to us' | 'us to Alpaca';
  readonly call: string;
  readonly result: string;
  /** Of whoever was called. */
  readonly requestId: string | null;
  readonly failed: boolean;
}

type Words = Pick<KnownCall, 'who' | 'call' | 'result'>;

const FROM_ALPACA = 'Alpaca to us';
const TO_ALPACA = 'us to Alpaca';

/** What an event tells of a call: every outcome of one is an event, and whatever decided nothing is not. */
function wordsOf({ type, data }: EventAnswer): Words | null {
  const text = (name: string): string => {
    const value = data[name];
    return typeof value === 'string' && value !== '' ? value : 'none given';
  };
  switch (type) {
    case 'MintRequested':
      return data['source'] === 'lookup'
        ? { who: TO_ALPACA, call: 'look the request up', result: 'found' }
        : { who: FROM_ALPACA, call: 'mint request', result: 'stored and answered' };
    case 'ConfirmReceivedEarly':
      return { who: FROM_ALPACA, call: `confirm: ${text('status')}`, result: 'stored, not known yet' };
    case 'ConfirmNotUnderstood':
      return { who: FROM_ALPACA, call: 'confirm', result: `stored, not understood: ${text('why')}` };
    case 'JournalCompleted':
      if (data['evidence'] !== undefined) {
        return { who: TO_ALPACA, call: 'look the request up', result: 'shows the journal; see the event' };
      }
      return { who: FROM_ALPACA, call: 'confirm: completed', result: 'taken' };
    case 'JournalRejected':
      return { who: FROM_ALPACA, call: 'confirm: rejected', result: `taken; reason: ${text('reason')}` };
    case 'ConfirmContradicted':
      return {
        who: FROM_ALPACA,
        call: `confirm: ${text('status')}`,
        result: 'refused: it contradicts the log',
      };
    case 'CallbackStarted':
      return { who: TO_ALPACA, call: 'mint callback', result: 'begun' };
    case 'MintCompleted':
      return { who: TO_ALPACA, call: 'mint callback', result: 'taken' };
    case 'RedeemPromised':
      return { who: TO_ALPACA, call: 'redeem', result: `begun, under the key ${text('idempotencyKey')}` };
    case 'RedemptionRequested':
      return { who: TO_ALPACA, call: 'redeem', result: `taken as ${text('tokenizationRequestId')}` };
    case 'RedemptionJournaled':
      return { who: TO_ALPACA, call: 'poll the request', result: 'journal completed' };
    case 'RedemptionRejected':
      return { who: TO_ALPACA, call: 'poll the request', result: `rejected; reason: ${text('reason')}` };
    default:
      return null;
  }
}

/** The calls with Alpaca that are known of an operation, oldest first; the last one may have failed. */
export function alpacaCalls(
  operation: Pick<OperationAnswer, 'waiting_for' | 'last_error'>,
  events: readonly EventAnswer[],
): readonly KnownCall[] {
  const known = events.flatMap((event): readonly KnownCall[] => {
    const words = wordsOf(event);
    return words === null ? [] : [{ ...words, time: event.time, requestId: event.causation, failed: false }];
  });
  const { last_error: error, waiting_for: dependency } = operation;
  if (error === null || (dependency !== 'alpaca' && error.status === null)) return known;
  const status = error.status === null ? '' : `${String(error.status)}: `;
  const failed: KnownCall = {
    time: error.at,
    who: TO_ALPACA,
    call: 'the present step',
    result: `${status}${error.message}`,
    requestId: error.request_id,
    failed: true,
  };
  return [...known, failed];
}
