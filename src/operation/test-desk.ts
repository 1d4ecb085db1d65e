import type { FinalEvidence, TransactionDesk, TransactionLook } from '../transaction/desk.ts';
import type { FoundTransaction } from '../transaction/found.ts';

/** What transactions look like to operators' actions, as a test tells it. */
export function testDesk(): {
  readonly desk: TransactionDesk;
  readonly told: {
    look: TransactionLook;
    /** Of `finalTransaction`, whatever is asked for. */
    evidence: FinalEvidence | string;
    voidProof: string | null;
    undone: Awaited<ReturnType<TransactionDesk['undone']>>;
    unanswerable: string | null;
    forgotten: FoundTransaction | null;
    quarantined: boolean;
    /** Instead of a cancellation. */
    cancelFails: Error | null;
  };
  readonly cancelled: string[];
  readonly woken: string[];
} {
  const told: ReturnType<typeof testDesk>['told'] = {
    look: {
      isLive: true,
      hashes: ['0x7a'],
      operations: 1,
      used: null,
      text: 'transaction tx-1 waits for a block',
    },
    evidence: 'no final block is known to hold it',
    voidProof: null,
    undone: { isUndone: false, text: 'its block is not final yet' },
    unanswerable: null,
    forgotten: null,
    quarantined: false,
    cancelFails: null,
  };
  const cancelled: string[] = [];
  const woken: string[] = [];
  return {
    told,
    cancelled,
    woken,
    desk: {
      look: async () => told.look,
      async cancel(transactionId) {
        if (told.cancelFails !== null) throw told.cancelFails;
        cancelled.push(transactionId);
      },
      unanswerable: async () => told.unanswerable,
      finalTransaction: async () => told.evidence,
      voidProof: async () => told.voidProof,
      undone: async () => told.undone,
      forgotten: async () => told.forgotten,
      isQuarantined: async () => told.quarantined,
      wake: (ids) => void woken.push(...ids),
    },
  };
}
