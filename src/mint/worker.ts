import type { StepResult, Worker } from '../engine/work.ts';
import { createSharedReads } from '../chain/rpc/shared-reads.ts';
import type { CallbackOptions } from './callback.ts';
import { callBack } from './callback.ts';
import type { FillInOptions } from './fill-in.ts';
import { fillInMint } from './fill-in.ts';
import { cancelForClosing } from '../operation/closing.ts';
import type { TransactionDesk } from '../transaction/desk.ts';
import { mintKind } from './mint-kind.ts';
import type { MintState } from './state.ts';

export type MintWorkerOptions = Omit<CallbackOptions, 'sharedReads'> &
  FillInOptions & { readonly desk: Pick<TransactionDesk, 'cancel'> };

/**
 * Takes mints through the steps that need Alpaca: looking up what a stray confirm was about, and the callback; and to
 * the end that an operator asked for.
 */
export function createMintWorker(given: MintWorkerOptions): Worker {
  const options = { ...given, sharedReads: createSharedReads() };
  const step = async (id: string): Promise<StepResult> => {
    const loaded = await options.ledger.load(mintKind, id);
    const { state } = loaded;
    switch (state.kind) {
      case 'unrequested':
        return fillInMint(options, loaded, state);
      case 'minted':
        return callBack(options, loaded, state);
      case 'submitted':
      case 'held':
        return closeWhenAsked(options, id, state);
      case 'none':
      case 'requested':
      case 'journaled':
      case 'completed':
      case 'rejected':
      case 'closed':
      case 'dismissed':
        // It moved since the row was read; the row has moved with it.
        return { kind: 'advanced' };
      default:
        return state satisfies never;
    }
  };
  return { kind: 'mint', step: (row) => step(row.id) };
}

async function closeWhenAsked(
  { desk, clock }: MintWorkerOptions,
  id: string,
  state: Extract<MintState, { kind: 'submitted' | 'held' }>,
): Promise<StepResult> {
  const stage = state.kind === 'held' ? state.from : state;
  if (state.mint.closing === null || stage.kind !== 'submitted') return { kind: 'advanced' };
  return cancelForClosing(desk, id, stage.transactionId, clock.nowMs());
}
