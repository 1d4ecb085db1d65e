import { z } from 'zod';
import {
  networkField,
  participantFields,
  readFields,
  readObject,
  txHashField,
  walletField,
} from './fields.ts';
import type { ReceivedCall, TokenizationRequest } from './model.ts';
import { type Answer, Refusal } from './refusal.ts';
import { requestOnWire } from './requests.ts';
import type { World } from './world.ts';

const schema = z.object({
  tokenization_request_id: z.string().min(1),
  tx_hash: txHashField,
  wallet_address: walletField.optional(),
  network: networkField.optional(),
  ...participantFields,
});

/**
 * The issuer says that a mint is on chain: the request is completed.
 *
 * @throws Refusal 400, 404 `40410000`, or 422 when it contradicts what Alpaca knows, or the journal is not
 *   executed.
 */
export function callbackMint(world: World, call: ReceivedCall): Answer {
  const { settings } = world;
  const fields = readFields(schema, readObject(call));
  const participant = world.participants.named(fields, settings.acceptClientId);
  const request = world.requests.byId(fields.tokenization_request_id);
  if (request?.type !== 'mint') throw new Refusal('notFound', 'tokenization request not found');
  if (request.participant !== participant) refuse('the client account is not that of the request');
  if (fields.network !== undefined && fields.network !== request.network) {
    refuse('network is not that of the request');
  }
  const wallet = fields.wallet_address?.toLowerCase() ?? request.wallet.toLowerCase();
  if (wallet !== request.wallet.toLowerCase()) refuse('wallet_address is not that of the request');
  complete(world, request, fields.tx_hash);
  return { status: 200, body: requestOnWire(request, settings.issuerName) };
}

function complete(world: World, request: TokenizationRequest, txHash: string): void {
  if (request.status === 'completed') {
    const same = request.txHash?.toLowerCase() === txHash.toLowerCase();
    if (same && world.settings.repeatedMintCallback === 'accept') return;
    refuse('tokenization request is already completed');
  }
  if (request.status === 'rejected') refuse('tokenization request is rejected');
  // A lost confirm does not matter here: the executed journal is what the mint is owed for.
  if (request.journal?.status !== 'executed') refuse('the shares are not journaled');
  request.status = 'completed';
  request.txHash = txHash;
  request.updatedAtMs = world.nowMs();
  world.changes.notify();
}

function refuse(message: string): never {
  throw new Refusal('unprocessable', message);
}
