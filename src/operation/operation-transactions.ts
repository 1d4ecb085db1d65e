import type { Hex } from 'viem';
import type { EventStore, StoredEvent, UpTo } from '../event-store/event-store.ts';
import { foldStream } from '../event-store/fold.ts';
import { invariant } from '../primitives/failures.ts';
import { formatQuantity } from '../primitives/quantity.ts';
import { streamsOf } from './operation-row.ts';
import { transactionKind } from '../transaction/transaction-kind.ts';
import type { Known, TransactionState } from '../transaction/transaction-state.ts';
import { greatestCost, newestVariant } from '../transaction/transaction-state.ts';

/** One nonce that carried an operation, with every set of bytes that was signed for it. */
export interface OperationTransaction {
  /** `chainId/signer/nonce`. */
  readonly id: string;
  readonly network: string;
  readonly chain_id: number;
  readonly signer: string;
  readonly nonce: number;
  readonly phase: 'pending' | 'mined' | 'final';
  /** How the nonce ended; null before the transaction that used it is final. */
  readonly outcome: string | null;
  /** Of the transaction that used the nonce; of the newest bytes while none did. */
  readonly hash: string;
  readonly block_number: string | null;
  /** How many operations share it. */
  readonly operations: number;
  /** What it can cost at most, in the network's coin, as a decimal string. */
  readonly greatest_cost: string;
  readonly signed_at: string;
  readonly mined_at: string | null;
  readonly final_at: string | null;
  readonly variants: readonly SignedBytes[];
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
    const own = await store.readStream(`transaction/${transaction}`, upTo);
    const { state } = foldStream(transactionKind, transaction, own);
    if (state.phase !== 'none') found.push(shown(transaction, state, own));
  }
  return found;
}

function shown(
  id: string,
  state: Exclude<TransactionState, { readonly phase: 'none' }>,
  events: readonly StoredEvent[],
): OperationTransaction {
  const mined = state.phase === 'pending' ? null : state.mined;
  const variants = variantsOf(state, events);
  const timeOf = (type: string): string | null => {
    const event = events.findLast((it) => it.type === type);
    return event === undefined ? null : isoTime(event);
  };
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
    mined_at: mined === null ? null : timeOf('TransactionMined'),
    final_at: timeOf('TransactionFinal'),
    variants,
  };
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
