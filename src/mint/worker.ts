import type { StepResult, Worker } from '../engine/work.ts';
import type { CallbackOptions } from './callback.ts';
import { callBack } from './callback.ts';
import type { FillInOptions } from './fill-in.ts';
import { fillInMint } from './fill-in.ts';
import { mintKind } from './mint-kind.ts';

/** Takes mints through the steps that need Alpaca: looking up what a stray confirm was about, and the callback. */
export function createMintWorker(given: Omit<CallbackOptions, 'looks'> & FillInOptions): Worker {
  const options = { ...given, looks: new Map() };
  const step = async (id: string): Promise<StepResult> => {
    const loaded = await options.ledger.load(mintKind, id);
    const { state } = loaded;
    switch (state.kind) {
      case 'unrequested':
        return fillInMint(options, loaded, state);
      case 'minted':
        return callBack(options, loaded, state);
      case 'none':
      case 'requested':
      case 'journaled':
      case 'submitted':
      case 'held':
      case 'completed':
      case 'rejected':
      case 'closed':
        // It moved since the row was read; the row has moved with it.
        return { kind: 'advanced' };
      default:
        return state satisfies never;
    }
  };
  return { kind: 'mint', step: (row) => step(row.id) };
}
