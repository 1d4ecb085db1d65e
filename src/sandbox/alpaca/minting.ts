import { z } from 'zod';
import { parseQuantity } from '../../primitives/quantity.ts';
import { networkField, qtyField, readFields, symbolField } from './fields.ts';
import { describeOutcome, type IssuerLink } from './issuer-link.ts';
import type { Journaling } from './journaling.ts';
import type { Participant, SentCall, TokenizationRequest } from './model.ts';
import { Refusal } from './refusal.ts';
import { sendAsScripted } from './sending.ts';
import { participantOnWire, type World } from './world.ts';

const mintOrderSchema = z.object({
  email: z.string(),
  underlying_symbol: symbolField,
  token_symbol: symbolField,
  network: networkField,
  qty: qtyField,
  wallet_address: z.string().min(1),
  client_request_id: z.string().optional(),
});

/** What an AP orders, in the names of the wire. `qty` is a decimal string of shares, `email` names the AP. */
export type MintOrder = z.input<typeof mintOrderSchema>;

const mintAnswer = z.object({ issuer_request_id: z.string().min(1), status: z.literal('created') });

/**
 * Takes an AP's order and asks the issuer for the mint; on its 200 the journal begins. Resolves when the issuer
 * has answered, with a request that is `pending`, or `rejected` with the issuer's words as `reason`.
 *
 * @throws Refusal 422 for an order that Alpaca itself refuses, before the issuer hears of it.
 */
export async function orderMint(
  world: World,
  link: IssuerLink,
  journaling: Journaling,
  order: MintOrder,
): Promise<TokenizationRequest> {
  const fields = readFields(mintOrderSchema, order);
  const participant = world.participants.byEmail(fields.email);
  const quantity = parseQuantity(fields.qty);
  requireOrderable(world, participant, fields.underlying_symbol, quantity);
  const request: TokenizationRequest = {
    id: world.newId(),
    type: 'mint',
    participant,
    underlying: fields.underlying_symbol,
    token: fields.token_symbol,
    network: fields.network,
    wallet: fields.wallet_address,
    qty: fields.qty,
    quantity,
    clientRequestId: fields.client_request_id ?? null,
    createdAtMs: world.nowMs(),
    updatedAtMs: null,
    status: 'pending',
    issuerRequestId: null,
    txHash: null,
    fees: '0',
    reason: null,
    journal: null,
    confirm: 'none',
  };
  world.requests.add(request);
  world.changes.notify();
  await sendAsScripted(world, link, {
    endpoint: 'mint',
    body: mintBody(world, request),
    attempts: world.settings.mintAttempts,
    onTruth: (call) => {
      learn(world, journaling, request, call);
    },
  });
  return request;
}

function requireOrderable(world: World, participant: Participant, symbol: string, quantity: bigint): void {
  if (participant.externalId === null) {
    throw new Refusal('unprocessable', `${participant.email} is not connected to the issuer`);
  }
  if (world.book.position(participant.accountId, symbol).available < quantity) {
    throw new Refusal('unprocessable', `insufficient ${symbol} available`);
  }
}

function mintBody(world: World, request: TokenizationRequest): Record<string, unknown> {
  return {
    tokenization_request_id: request.id,
    qty: request.qty,
    underlying_symbol: request.underlying,
    token_symbol: request.token,
    network: request.network,
    wallet_address: request.wallet,
    ...participantOnWire(world, request.participant),
  };
}

function learn(world: World, journaling: Journaling, request: TokenizationRequest, call: SentCall): void {
  const { outcome } = call;
  const answer =
    outcome.kind === 'answered' && outcome.status === 200
      ? mintAnswer.safeParse(outcome.body).data
      : undefined;
  if (request.issuerRequestId !== null) {
    // A repeated request must be answered as the first was, if it is answered at all.
    if (outcome.kind === 'answered' && answer?.issuer_request_id !== request.issuerRequestId) {
      world.complaints.push(`mint ${request.id}: the repeat was answered ${describeOutcome(call)}`);
    }
    return;
  }
  if (request.status !== 'pending') return;
  if (answer === undefined) {
    request.status = 'rejected';
    request.reason = describeOutcome(call);
    request.updatedAtMs = world.nowMs();
    world.changes.notify();
    return;
  }
  request.issuerRequestId = answer.issuer_request_id;
  journaling.start(request);
}
