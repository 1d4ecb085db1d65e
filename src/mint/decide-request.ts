import type { LaneId } from '../transaction/lane-feature.ts';
import type { SplitReading } from '../vault/split-count.ts';
import { isKnown } from './state.ts';
import type {
  ConfirmFacts,
  KnownMint,
  MintEvent,
  MintState,
  MintTerms,
  NamedClient,
  UnclearConfirm,
} from './state.ts';

/** A well-formed mint request, before anything was looked up. */
export interface MintRequestBody {
  readonly tokenizationRequestId: string;
  readonly quantity: bigint;
  readonly underlying: string;
  readonly token: string;
  readonly network: string;
  /** As sent; whether it is an address is judged after the client. */
  readonly wallet: string;
  readonly namedClient: NamedClient;
}

/** Whether a repeated request says the same by value. `clientId`: whom it names now, null when that is nobody. */
export function isSameRequest(terms: MintTerms, body: MintRequestBody, clientId: string | null): boolean {
  const sameName =
    terms.namedClient.field === body.namedClient.field && terms.namedClient.value === body.namedClient.value;
  return (
    terms.quantity === body.quantity &&
    terms.underlying === body.underlying &&
    terms.token === body.token &&
    terms.network === body.network &&
    terms.wallet.toLowerCase() === body.wallet.toLowerCase() &&
    (sameName || terms.clientId === clientId)
  );
}

/**
 * The events of a request that passed every check. A confirm that came before it is applied at once.
 * None when the mint is known already.
 */
export function decideRequest(
  command: {
    readonly mintId: string;
    readonly terms: MintTerms;
    readonly source: 'request' | 'lookup';
    readonly lane: LaneId;
    /** The vault's last known split count; null while there is none. */
    readonly splits: SplitReading | null;
  },
  state: MintState,
): readonly MintEvent[] {
  if (isKnown(state)) return [];
  const requested: MintEvent = {
    type: 'MintRequested',
    data: {
      ...command.terms,
      source: command.source,
      ...(command.splits === null ? {} : { splits: command.splits }),
    },
  };
  if (state.kind === 'none') return [requested];
  const ours = state.confirms.filter((it) => it.issuerRequestId.toLowerCase() === command.mintId);
  const [first] = ours;
  if (first === undefined) return [requested];
  const journal: MintEvent =
    first.status === 'completed'
      ? { type: 'JournalCompleted', data: { lane: command.lane } }
      : { type: 'JournalRejected', data: { reason: first.reason } };
  const contrary = ours.find((it) => it.status !== first.status);
  if (contrary === undefined) return [requested, journal];
  const why = `confirmed as ${contrary.status} after ${first.status}`;
  const contradiction: MintEvent = { type: 'ConfirmContradicted', data: { ...contrary, why } };
  const events: readonly MintEvent[] = [requested, journal, contradiction];
  return first.status === 'completed' ? [...events, { type: 'MintHeld', data: { why } }] : events;
}

export interface ConfirmDecision {
  /** `unknown`: stored, but of a mint that we do not know. */
  readonly answer: 'ok' | 'conflict' | 'unknown';
  /** Why it is a conflict. */
  readonly why: string | null;
  readonly events: readonly MintEvent[];
}

/**
 * Decides on Alpaca's word about a journal. It never refuses without recording: to Alpaca every 4xx is final, and the
 * shares may have moved. The same contradiction again is not recorded twice.
 */
export function decideConfirm(
  command: {
    readonly mintId: string;
    readonly tokenizationRequestId: string;
    readonly confirm: ConfirmFacts;
    /** The lane that signs for a chain at present. */
    readonly laneOf: (chainId: number) => LaneId;
  },
  state: MintState,
): ConfirmDecision {
  const { confirm, tokenizationRequestId } = command;
  if (!isKnown(state)) {
    const isStored = state.kind !== 'none' && state.confirms.some((it) => isSameConfirm(it, confirm));
    const event: MintEvent = { type: 'ConfirmReceivedEarly', data: { tokenizationRequestId, ...confirm } };
    return { answer: 'unknown', why: null, events: isStored ? [] : [event] };
  }
  const { mint } = state;
  const known = { completed: 'completed', rejected: 'rejected', awaited: null }[mint.journal];
  if (confirm.issuerRequestId.toLowerCase() !== command.mintId) {
    return contradict(`it names ${confirm.issuerRequestId}, the mint is ${command.mintId}`, confirm, state);
  }
  if (known === confirm.status) return { answer: 'ok', why: null, events: [] };
  if (known !== null) return contradict(`the journal was confirmed as ${known}`, confirm, state);
  // Also of one that an operator closed before: its shares have moved, so a person must look at it again.
  const isRequested =
    state.kind === 'requested' ||
    ((state.kind === 'held' || state.kind === 'closed') && state.from.kind === 'requested');
  if (state.kind === 'closed' && !isRequested) {
    return contradict('the mint was closed by an operator', confirm, state);
  }
  if (confirm.status === 'rejected') {
    // An effect that was found on chain before any confirm: only a person can say what happened.
    if (!isRequested) return contradict('the mint is on chain', confirm, state);
    return {
      answer: 'ok',
      why: null,
      events: [{ type: 'JournalRejected', data: { reason: confirm.reason } }],
    };
  }
  const lane = command.laneOf(mint.terms.chainId);
  return { answer: 'ok', why: null, events: [{ type: 'JournalCompleted', data: { lane } }] };
}

/**
 * Decides on a call to confirm that could not be read. It is recorded once, whatever the mint's state: to Alpaca a
 * refusal would be final, and the shares may have moved. True for `ended`: a person has closed what it was about.
 */
export function decideUnclearConfirm(
  tokenizationRequestId: string | null,
  confirm: UnclearConfirm,
  state: MintState,
): { readonly events: readonly MintEvent[]; readonly ended: boolean } {
  const before = isKnown(state) ? state.mint.unclear : state.kind === 'none' ? [] : state.unclear;
  const isStored = before.some((it) => it.body === confirm.body);
  const ended = isStored && (state.kind === 'dismissed' || state.kind === 'closed');
  const event: MintEvent = { type: 'ConfirmNotUnderstood', data: { tokenizationRequestId, ...confirm } };
  return { events: isStored ? [] : [event], ended };
}

function contradict(why: string, confirm: ConfirmFacts, state: KnownMint): ConfirmDecision {
  if (state.mint.contradictions.some((it) => isSameConfirm(it, confirm))) {
    return { answer: 'conflict', why, events: [] };
  }
  const recorded: MintEvent = { type: 'ConfirmContradicted', data: { ...confirm, why } };
  // Not signed yet: nothing is minted on a journal that Alpaca calls rejected as well.
  const mustHold = state.kind === 'journaled' && confirm.status === 'rejected';
  const held: MintEvent = { type: 'MintHeld', data: { why: `Alpaca contradicts itself: ${why}` } };
  return { answer: 'conflict', why, events: mustHold ? [recorded, held] : [recorded] };
}

function isSameConfirm(one: ConfirmFacts, other: ConfirmFacts): boolean {
  return (
    one.status === other.status && one.issuerRequestId.toLowerCase() === other.issuerRequestId.toLowerCase()
  );
}
