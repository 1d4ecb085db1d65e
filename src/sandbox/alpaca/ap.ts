import { z } from 'zod';
import { parseQuantity } from '../../primitives/quantity.ts';
import type { Position } from './book.ts';
import type { Confirming } from './confirming.ts';
import { readFields } from './fields.ts';
import { describeOutcome, isSuccess, type IssuerLink } from './issuer-link.ts';
import type { Journaling } from './journaling.ts';
import { type MintOrder, orderMint } from './minting.ts';
import type { Journal, Participant, SentCall, TokenizationRequest } from './model.ts';
import type { ParticipantOptions } from './options.ts';
import { Refusal } from './refusal.ts';
import { openAccount, type World } from './world.ts';

/** One row of the issuer's token list. */
interface TokenRow {
  readonly underlying: string;
  readonly token: string;
  readonly networks: readonly string[];
}

/**
 * What an AP does, and what only Alpaca's staff can do. Every method throws `Refusal` for what Alpaca
 * refuses.
 */
export interface ParticipantControls {
  /** Opens an account at Alpaca. */
  openAccount(options: ParticipantOptions): Participant;
  /** Links the account to the issuer; resolves when the issuer gave its id for the AP. */
  connect(email: string): Promise<Participant>;
  /** The issuer's token list. */
  tokens(): Promise<readonly TokenRow[]>;
  /**
   * Orders a mint; resolves when the issuer has answered: `pending`, or `rejected` with the issuer's words.
   */
  requestMint(order: MintOrder): Promise<TokenizationRequest>;
  /** Executes a journal that is pending, or rejects it; otherwise sends a confirm that a rule withheld. */
  release(id: string, outcome?: { readonly reject: string }): TokenizationRequest;
  /** Sends the confirm once, now, with `changes` to its body; it may contradict what was sent before. */
  confirm(id: string, changes?: Readonly<Record<string, unknown>>): Promise<SentCall>;
  /** Puts shares into the AP's account; `qty` is a decimal string. */
  deposit(email: string, symbol: string, qty: string): void;
  positions(email: string): readonly Position[];
  /** Takes back an executed journal. */
  reverseJournal(journalId: string): Journal;
}

// Both generations of the issuer's answer name the same id.
const connectAnswer = z.union([
  z.object({ client_external_account_id: z.string().min(1) }),
  z.object({ client_id: z.string().min(1) }),
]);

const tokensAnswer = z.object({
  tokens: z.array(
    z.object({ underlying: z.string(), token: z.string(), networks: z.array(z.string()).min(1) }),
  ),
});

/** Creates the AP's side of the simulation. */
export function createParticipantControls(
  world: World,
  parts: { readonly link: IssuerLink; readonly journaling: Journaling; readonly confirming: Confirming },
): ParticipantControls {
  const { link, journaling, confirming } = parts;
  const requestOf = (id: string) => {
    const request = world.requests.byId(id);
    if (request === undefined) throw new Refusal('notFound', `no tokenization request ${id}`);
    return request;
  };

  return {
    openAccount: (options) => openAccount(world, options),
    async connect(email) {
      const participant = world.participants.byEmail(email);
      const { pathGeneration } = world.settings;
      const field = pathGeneration === 'current' ? 'client_account_number' : 'account';
      const body = { email: participant.email, [field]: participant.accountNumber };
      const answer = readFields(connectAnswer, answerOf(await link.exchange('connect', body)));
      participant.externalId =
        'client_external_account_id' in answer ? answer.client_external_account_id : answer.client_id;
      world.changes.notify();
      return participant;
    },
    tokens: async () => readFields(tokensAnswer, answerOf(await link.exchange('tokens'))).tokens,
    requestMint: (order) => orderMint(world, link, journaling, order),
    release(id, outcome) {
      const request = requestOf(id);
      if (request.journal?.status === 'pending') journaling.settle(request, outcome?.reject ?? null);
      else if (request.confirm === 'withheld') confirming.release(request);
      else throw new Refusal('unprocessable', 'nothing of this request is held back');
      return request;
    },
    confirm: (id, changes) => confirming.sendOnce(requestOf(id), changes),
    deposit(email, symbol, qty) {
      world.book.deposit(world.participants.byEmail(email).accountId, symbol, parseQuantity(qty));
      world.changes.notify();
    },
    positions: (email) => world.book.positions(world.participants.byEmail(email).accountId),
    reverseJournal(journalId) {
      const journal = world.book.reverse(journalId);
      world.changes.notify();
      return journal;
    },
  };
}

function answerOf(call: SentCall): unknown {
  const { outcome } = call;
  if (outcome.kind === 'answered' && isSuccess(outcome.status)) return outcome.body;
  throw new Refusal('unprocessable', `the issuer's ${call.endpoint}: ${describeOutcome(call)}`);
}
