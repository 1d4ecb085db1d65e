import { describeOutcome, isRefusal, isSuccess, type IssuerLink } from './issuer-link.ts';
import type { SentCall, TokenizationRequest } from './model.ts';
import { Refusal } from './refusal.ts';
import { sendAsScripted } from './sending.ts';
import { participantOnWire, type World } from './world.ts';

/** Tells the issuer how a mint's journal ended. */
export interface Confirming {
  /** Delivers the confirm as Alpaca does; a rule may interfere. */
  start(request: TokenizationRequest): void;
  /** Delivers a confirm that a rule withheld. */
  release(request: TokenizationRequest): void;
  /** Sends the confirm once, now, with `changes` to its body, whatever happened before. */
  sendOnce(request: TokenizationRequest, changes?: Readonly<Record<string, unknown>>): Promise<SentCall>;
}

export function createConfirming(world: World, link: IssuerLink): Confirming {
  const learn = (request: TokenizationRequest, call: SentCall) => {
    const { outcome } = call;
    if (outcome.kind !== 'answered') return;
    if (isSuccess(outcome.status)) request.confirm = 'delivered';
    else if (isRefusal(outcome.status) && request.confirm !== 'delivered') {
      request.confirm = 'lost';
      request.reason ??= `the issuer refused the confirm: ${describeOutcome(call)}`;
    }
    world.changes.notify();
  };

  return {
    start(request) {
      request.confirm = 'sending';
      world.schedule.background(async () => {
        const body = confirmBody(world, request);
        const onTruth = (call: SentCall) => {
          learn(request, call);
        };
        const sent = await sendAsScripted(world, link, { endpoint: 'confirm', body, onTruth });
        if (!sent && request.confirm === 'sending') request.confirm = 'withheld';
        world.changes.notify();
      });
    },
    release(request) {
      request.confirm = 'sending';
      world.schedule.background(async () => {
        learn(request, await link.deliver('confirm', confirmBody(world, request)));
      });
    },
    async sendOnce(request, changes = {}) {
      if (request.journal === null || request.journal.status === 'pending') {
        throw new Refusal('unprocessable', 'the journal has no result yet');
      }
      const call = await link.exchange('confirm', { ...confirmBody(world, request), ...changes });
      if (Object.keys(changes).length === 0) learn(request, call);
      return call;
    },
  };
}

function confirmBody(world: World, request: TokenizationRequest): Record<string, unknown> {
  const rejected = request.journal?.status === 'rejected';
  return {
    tokenization_request_id: request.id,
    issuer_request_id: request.issuerRequestId,
    status: rejected ? 'rejected' : 'completed',
    ...participantOnWire(world, request.participant),
    ...(request.clientRequestId === null ? {} : { client_request_id: request.clientRequestId }),
    ...(rejected ? { reason: request.journal?.reason ?? 'rejected' } : {}),
  };
}
