import { IssuanceError } from '../primitives/failures.ts';
import type {
  Body,
  FinalTransaction,
  Known,
  Mined,
  MinedTransaction,
  Signed,
  TransactionEvent,
  TransactionOutcome,
  TransactionState,
  Variant,
} from './transaction-state.ts';
import { newestVariant } from './transaction-state.ts';

/** The nonce is promised to these operations, or to nobody. @throws IssuanceError `nonce_taken` */
export function decideSigned(
  state: TransactionState,
  signed: Signed,
  variant: Variant,
): readonly TransactionEvent[] {
  if (state.phase !== 'none') {
    throw new IssuanceError('nonce_taken', `nonce ${String(signed.nonce)} is promised already`);
  }
  const isFill = signed.purpose === 'fill';
  if (variant.body !== signed.purpose || isFill !== (signed.operations.length === 0)) {
    throw new IssuanceError('invalid_transaction', `a ${signed.purpose} transaction must be what it says`);
  }
  return [{ type: 'TransactionSigned', data: { ...signed, variant } }];
}

/**
 * Other bytes for the same nonce. Both fees must be at least an eighth above those of every earlier variant, or nodes
 * would refuse to replace.
 *
 * @throws IssuanceError `transaction_not_pending`, `replacement_underpriced`, `invalid_transaction`
 */
export function decideVariant(
  state: TransactionState,
  variant: Variant,
  why: 'reprice' | 'cancel',
): readonly TransactionEvent[] {
  if (state.phase !== 'pending') {
    throw new IssuanceError('transaction_not_pending', `a ${state.phase} transaction cannot be replaced`);
  }
  const body: Body = why === 'cancel' ? 'fill' : newestVariant(state).body;
  if (variant.body !== body) {
    throw new IssuanceError('invalid_transaction', `a ${why} must sign ${body}, not ${variant.body}`);
  }
  for (const earlier of state.variants) {
    const raised =
      variant.maxFeePerGas * 8n >= earlier.maxFeePerGas * 9n &&
      variant.maxPriorityFeePerGas * 8n >= earlier.maxPriorityFeePerGas * 9n;
    if (!raised || variant.hash === earlier.hash) {
      throw new IssuanceError(
        'replacement_underpriced',
        `both fees must exceed those of ${earlier.hash} by 1/8`,
      );
    }
  }
  return [{ type: 'TransactionVariantSigned', data: { variant, why } }];
}

/** A block holds this transaction at our nonce. @throws IssuanceError `transaction_not_pending` */
export function decideMined(
  state: TransactionState,
  seen: Omit<Mined, 'body'>,
): Extract<TransactionEvent, { readonly type: 'TransactionMined' }> {
  if (state.phase !== 'pending') {
    throw new IssuanceError(
      'transaction_not_pending',
      `a ${state.phase} transaction is not waiting for a block`,
    );
  }
  return { type: 'TransactionMined', data: { ...seen, body: bodyOf(state, seen.hash) } };
}

function bodyOf(state: Known, hash: string): Mined['body'] {
  return state.variants.find((variant) => variant.hash === hash)?.body ?? 'stranger';
}

/** Another block stands where the transaction was mined. @throws IssuanceError `transaction_not_mined` */
export function decideUnmined(state: TransactionState, why: string): readonly TransactionEvent[] {
  if (state.phase !== 'mined') throw notMined(state);
  return [{ type: 'TransactionUnmined', data: { why } }];
}

/** The block that used the nonce is final. @throws IssuanceError `transaction_not_mined` */
export function decideFinal(state: TransactionState): readonly TransactionEvent[] {
  if (state.phase !== 'mined') throw notMined(state);
  const { hash, blockNumber, blockHash } = state.mined;
  return [{ type: 'TransactionFinal', data: { outcome: outcomeOf(state), hash, blockNumber, blockHash } }];
}

/** How a nonce that was used by this transaction ends. */
export function outcomeOf({ mined }: MinedTransaction | FinalTransaction): TransactionOutcome {
  if (mined.body === 'stranger') return 'stranger';
  if (mined.body === 'fill') return 'filled';
  return mined.status === 1 ? 'effect' : 'reverted';
}

function notMined(state: TransactionState): IssuanceError {
  return new IssuanceError('transaction_not_mined', `the transaction is ${state.phase}, not mined`);
}
