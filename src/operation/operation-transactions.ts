import type { Hex } from 'viem';
import type { EventStore, StoredEvent, UpTo } from '../event-store/event-store.ts';
import { foldStream } from '../event-store/fold.ts';
import { invariant } from '../primitives/failures.ts';
import { formatQuantity } from '../primitives/quantity.ts';
import { streamsOf } from './operation-row.ts';
import { callKind } from '../transaction/calls/call-kind.ts';
import type { KnownCall } from '../transaction/calls/call-state.ts';
import { isCallId } from '../transaction/calls/call-state.ts';
import { transactionKind } from '../transaction/transaction-kind.ts';
import type { Known, TransactionState } from '../transaction/transaction-state.ts';
import { greatestCost, newestVariant } from '../transaction/transaction-state.ts';

/**
 * What carried an operation: a nonce, with every set of bytes that was signed for it; or a call that a custodian was
 * asked for.
 */
export interface OperationTransaction {
  /** `chainId/signer/nonce`; of a call `chainId/signer/operation/attempt`. */
  readonly id: string;
  readonly network: string;
  readonly chain_id: number;
  readonly signer: string;
  /** Null while a custodian has not shown it. */
  readonly nonce: number | null;
  readonly phase: (FoldedTransaction | KnownCall)['phase'];
  /** How the nonce ended; null before the transaction that used it is final. */
  readonly outcome: string | null;
  /** Of the transaction that used the nonce; of the newest bytes while none did. */
  readonly hash: string | null;
  readonly block_number: string | null;
  /** How many operations share it. */
  readonly operations: number;
  /** What it can cost at most, in the network's coin, as a decimal string. */
  readonly greatest_cost: string;
  readonly signed_at: string;
  readonly mined_at: string | null;
  readonly final_at: string | null;
  /** None of a call: its custodian signs, and shows no bytes. */
  readonly variants: readonly SignedBytes[];
  /** Null where we sign ourselves. */
  readonly custodian: AtCustodian | null;
}

/** The custodian's last word, raw. */
interface AtCustodian {
  readonly external_id: string;
  readonly id: string | null;
  readonly status: string | null;
  readonly sub_status: string | null;
  readonly message: string | null;
  /** Every hash that was ever named for it. */
  readonly hashes: readonly Hex[];
}

interface SignedBytes {
  readonly hash: Hex;
  /** `operations`, or `fill`: they only use the nonce up. */
  readonly body: string;
  /** Why they took the place of earlier ones: `reprice` or `cancel`; null for the first. */
  readonly why: string | null;
  readonly gas: string;
  /** Wei per gas. */
  readonly max_fee_per_gas: string;
  /** Wei per gas. */
  readonly max_priority_fee_per_gas: string;
  readonly signed_at: string;
}

type FoldedTransaction = Exclude<TransactionState, { readonly phase: 'none' }>;

/** Most transactions that are shown of one operation; the largest redemption has a hundredth of it. */
const MOST = 1_000;

/**
 * The transactions of an operation in the order in which they were signed, as they are or, with `upTo`, as they were.
 * Null when there is no such operation, or was none.
 */
export async function operationTransactions(
  store: Pick<EventStore, 'readStream'>,
  id: string,
  upTo?: UpTo,
): Promise<readonly OperationTransaction[] | null> {
  const streams = await Promise.all(streamsOf(id).map((it) => store.readStream(it, upTo)));
  const events = streams.flat();
  if (events.length === 0) return null;
  const named = events.map((it) => it.data['transactionId']).filter((it) => typeof it === 'string');
  const found: OperationTransaction[] = [];
  for (const transaction of [...new Set(named)].slice(0, MOST)) {
    if (isCallId(transaction)) {
      const own = await store.readStream(`call/${transaction}`, upTo);
      const { state } = foldStream(callKind, transaction, own);
      if (state.phase !== 'none') found.push(shownCall(transaction, state, own));
      continue;
    }
    const own = await store.readStream(`transaction/${transaction}`, upTo);
    const { state } = foldStream(transactionKind, transaction, own);
    if (state.phase !== 'none') found.push(shown(transaction, state, own));
  }
  return found;
}

function shown(id: string, state: FoldedTransaction, events: readonly StoredEvent[]): OperationTransaction {
  const mined = state.phase === 'pending' ? null : state.mined;
  const variants = variantsOf(state, events);
  return {
    id,
    network: state.network,
    chain_id: state.chainId,
    signer: state.signer,
    nonce: state.nonce,
    phase: state.phase,
    outcome: state.phase === 'final' ? state.outcome : null,
    hash: mined?.hash ?? newestVariant(state).hash,
    block_number: mined === null ? null : String(mined.blockNumber),
    operations: state.operations.length,
    greatest_cost: formatQuantity(greatestCost(state)),
    signed_at: variants[0].signed_at,
    // A block that vanished is none: what was mined in it is pending again.
    mined_at: mined === null ? null : timeOf(events, 'TransactionMined'),
    final_at: timeOf(events, 'TransactionFinal'),
    variants,
    custodian: null,
  };
}

function shownCall(id: string, state: KnownCall, events: readonly StoredEvent[]): OperationTransaction {
  const mined = state.phase === 'mined' || state.phase === 'final' ? state.mined : null;
  const [first] = events;
  invariant(first !== undefined, 'a call that is known was asked for');
  const { told, hashes, nonces } = state;
  const hash = mined?.hash ?? hashes.at(-1) ?? null;
  return {
    id,
    network: state.network,
    chain_id: state.chainId,
    signer: state.signer,
    nonce: hash === null ? null : (nonces[hash] ?? null),
    phase: state.phase,
    outcome: state.phase === 'final' ? state.outcome : null,
    hash,
    block_number: mined === null ? null : String(mined.blockNumber),
    operations: 1,
    greatest_cost: formatQuantity(state.greatestCost),
    signed_at: isoTime(first),
    mined_at: mined === null ? null : timeOf(events, 'CallMined'),
    final_at: timeOf(events, 'CallFinal') ?? timeOf(events, 'CallEnded'),
    variants: [],
    custodian: {
      external_id: state.externalId,
      id: told?.custodianId ?? null,
      status: told?.status ?? null,
      sub_status: told?.subStatus ?? null,
      message: told?.message ?? null,
      hashes,
    },
  };
}

function timeOf(events: readonly StoredEvent[], type: string): string | null {
  const event = events.findLast((it) => it.type === type);
  return event === undefined ? null : isoTime(event);
}

function variantsOf(
  { variants }: Known,
  events: readonly StoredEvent[],
): readonly [SignedBytes, ...SignedBytes[]] {
  const signings = events.filter((it) => /^Transaction(Variant)?Signed$/.test(it.type));
  const [first, ...later] = variants.map((variant, at): SignedBytes => {
    const event = signings[at];
    invariant(event !== undefined, `no event tells of the signing of ${variant.hash}`);
    const { why } = event.data;
    return {
      hash: variant.hash,
      body: variant.body,
      why: typeof why === 'string' ? why : null,
      gas: String(variant.gas),
      max_fee_per_gas: String(variant.maxFeePerGas),
      max_priority_fee_per_gas: String(variant.maxPriorityFeePerGas),
      signed_at: isoTime(event),
    };
  });
  invariant(first !== undefined, 'a transaction that is known has signed bytes');
  return [first, ...later];
}

function isoTime({ timeMs }: StoredEvent): string {
  return new Date(timeMs).toISOString();
}
