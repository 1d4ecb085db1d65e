import type { Confirming } from './confirming.ts';
import type { TokenizationRequest } from './model.ts';
import { Refusal } from './refusal.ts';
import type { World } from './world.ts';

/** Moves the shares of mints and redemptions. */
export interface Journaling {
  /** Opens the request's journal and settles it after the delay, unless a rule says otherwise. */
  start(request: TokenizationRequest): void;
  /** Ends the waiting of a journal that is pending: executes it, or rejects it with a reason. */
  settle(request: TokenizationRequest, rejection: string | null): void;
}

export function createJournaling(world: World, confirming: Confirming): Journaling {
  const { settings, book, changes, schedule, script } = world;

  const finish = (request: TokenizationRequest) => {
    const rejected = request.journal?.status === 'rejected';
    request.updatedAtMs = world.nowMs();
    if (rejected) {
      request.status = 'rejected';
      request.reason = request.journal?.reason ?? null;
    } else if (request.type === 'redeem') {
      request.status = 'completed';
    }
    // A mint stays pending: it is complete when the issuer calls back with its transaction.
    if (request.type === 'mint') confirming.start(request);
    changes.notify();
  };

  const settle: Journaling['settle'] = (request, rejection) => {
    const { journal } = request;
    if (journal === null) throw new Refusal('unprocessable', 'the request has no journal yet');
    if (rejection === null) book.execute(journal);
    else book.reject(journal, rejection);
    finish(request);
  };

  return {
    settle,
    start(request) {
      const issuer = settings.accountId;
      const participant = request.participant.accountId;
      const mint = request.type === 'mint';
      const journal = book.open({
        fromAccount: mint ? participant : issuer,
        toAccount: mint ? issuer : participant,
        symbol: request.underlying,
        quantity: request.quantity,
      });
      request.journal = journal;
      changes.notify();
      const { delayMs, outcome } = script.takeJournal(mint ? 'mint_journal' : 'redeem_journal', request);
      if (outcome === 'hold' && journal.status === 'pending') return;
      schedule.later(delayMs ?? settings.journalDelayMs, () => {
        if (journal.status === 'rejected' && request.status === 'pending') finish(request);
        // Somebody may have settled it by hand meanwhile.
        if (journal.status === 'pending')
          settle(request, typeof outcome === 'object' ? outcome.reject : null);
      });
    },
  };
}
