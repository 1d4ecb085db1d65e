import { z } from 'zod';
import { parseQuantity } from '../../primitives/quantity.ts';
import {
  issuerRequestIdField,
  networkField,
  participantFields,
  qtyField,
  readFields,
  readObject,
  symbolField,
  txHashField,
  walletField,
} from './fields.ts';
import type { Journaling } from './journaling.ts';
import type { ReceivedCall, TokenizationRequest } from './model.ts';
import { type Answer, Refusal } from './refusal.ts';
import { requestOnWire } from './requests.ts';
import type { World } from './world.ts';

const schema = z.object({
  issuer_request_id: issuerRequestIdField,
  underlying_symbol: symbolField,
  token_symbol: symbolField,
  qty: qtyField,
  network: networkField,
  wallet_address: walletField,
  tx_hash: txHashField,
  ...participantFields,
});

/** Printable ASCII without spaces. */
const IDEMPOTENCY_KEY = /^[\x21-\x7e]+$/;

interface FirstAnswer {
  readonly rawBody: string;
  readonly answer: Answer;
  readonly request: TokenizationRequest;
}

/** Handles redeem calls: tokens arrived at the issuer, the AP's shares are to be journaled back. */
export function createCallbackRedeem(world: World, journaling: Journaling): (call: ReceivedCall) => Answer {
  const firstAnswers = new Map<string, FirstAnswer>();

  const create = (call: ReceivedCall): { request: TokenizationRequest; answer: Answer } => {
    const { settings } = world;
    const fields = readFields(schema, readObject(call));
    const participant = world.participants.named(fields, settings.acceptClientId);
    if (world.requests.byIssuerRequestId(fields.issuer_request_id) !== undefined) {
      throw new Refusal('unprocessable', 'issuer_request_id already used');
    }
    const request: TokenizationRequest = {
      id: world.newId(),
      type: 'redeem',
      participant,
      underlying: fields.underlying_symbol,
      token: fields.token_symbol,
      network: fields.network,
      wallet: fields.wallet_address,
      qty: fields.qty,
      quantity: parseQuantity(fields.qty),
      clientRequestId: null,
      createdAtMs: world.nowMs(),
      updatedAtMs: null,
      status: 'pending',
      issuerRequestId: fields.issuer_request_id,
      txHash: fields.tx_hash,
      fees: '0',
      reason: null,
      journal: null,
      confirm: 'none',
    };
    world.requests.add(request);
    // Before the journal begins: the answer shows the request as it was created.
    const answer = { status: 200, body: requestOnWire(request, settings.issuerName) };
    journaling.start(request);
    return { request, answer };
  };

  return (call) => {
    const key = call.headers['idempotency-key'];
    if (key === undefined) return create(call).answer;
    if (!IDEMPOTENCY_KEY.test(key) || key.length > world.settings.idempotencyKeyLength) {
      const limit = String(world.settings.idempotencyKeyLength);
      throw new Refusal('unprocessable', `Idempotency-Key must be 1 to ${limit} printable ASCII characters`);
    }
    const first = firstAnswers.get(key);
    if (first !== undefined) return replay(first, call.rawBody);
    const created = create(call);
    // Only what was applied is remembered: a refused call may be corrected under the same key.
    firstAnswers.set(key, { rawBody: call.rawBody, ...created });
    return created.answer;
  };
}

function replay(first: FirstAnswer, rawBody: string): Answer {
  if (first.rawBody !== rawBody) {
    throw new Refusal('unprocessable', 'Idempotency-Key was used with another body');
  }
  if (first.request.status === 'rejected') {
    throw new Refusal('badRequest', `tokenization request was rejected: ${first.request.reason ?? ''}`);
  }
  return { ...first.answer, headers: { 'idempotent-replayed': 'true' } };
}
