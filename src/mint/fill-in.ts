import type { AlpacaClient, TokenizationRequest } from '../alpaca/types.ts';
import type { StepResult } from '../engine/work.ts';
import type { Loaded } from '../event-store/ledger.ts';
import { change } from '../event-store/ledger.ts';
import { failedStep, refusedStep } from '../operation/alpaca-error.ts';
import { ALPACA_UNIT, MAX_QUANTITY } from '../primitives/quantity.ts';
import type { MintRequestBody } from './decide-request.ts';
import { decideMint } from './decide.ts';
import { decideRequest } from './decide-request.ts';
import { evolveMint } from './evolve.ts';
import { mintKind } from './mint-kind.ts';
import type { MintRequestOptions } from './request.ts';
import { checkRequest } from './request.ts';
import type { ConfirmFacts, MintEvent, MintState, NamedClient } from './state.ts';
import { stageOf } from './state.ts';

export interface FillInOptions extends MintRequestOptions {
  readonly alpaca: Pick<AlpacaClient, 'getRequest'>;
}

/**
 * Fills in a mint whose confirm came although we know no request: Alpaca's record of it is the evidence. Until it
 * passes the same checks as a request, nothing is minted, and it is looked at again.
 */
export async function fillInMint(
  options: FillInOptions,
  loaded: Loaded<MintState>,
  state: Extract<MintState, { kind: 'unrequested' }>,
): Promise<StepResult> {
  const nowMs = options.clock.nowMs();
  const { tokenizationRequestId } = state;
  // Its row waits for a person: nothing names what could be looked up.
  if (tokenizationRequestId === null) return { kind: 'advanced' };
  const answer = await options.alpaca.getRequest(tokenizationRequestId);
  if (answer.kind !== 'ok') return refusedStep(`mint_lookup_${answer.kind}`, answer.refusal, nowMs);
  const request = readRecord(answer.value, loaded.id, { tokenizationRequestId, confirms: state.confirms });
  if (typeof request === 'string') return failedStep('mint_lookup_unusable', request, nowMs);
  const checked = await checkRequest(options, request, 'lookup');
  if (checked.kind === 'refused') return failedStep(checked.code, checked.detail, nowMs);
  const { terms } = checked;
  const lane = options.laneOf(terms.chainId);
  const splits = await options.splits.lastKnown(terms.chainId, terms.vault);
  const known = decideRequest({ mintId: loaded.id, terms, source: 'lookup', lane, splits }, state);
  const events = [...known, ...holdWhenMinted(answer.value, known.reduce(evolveMint, loaded.state))];
  await options.ledger.commit({
    changes: [change(mintKind, loaded, events)],
    metadata: {
      actor: 'engine',
      reason: 'confirmed before it was requested; filled in from Alpaca',
      correlation: loaded.id,
      ...(answer.requestId === null ? {} : { causation: answer.requestId }),
    },
  });
  return { kind: 'advanced' };
}

/**
 * A mint that Alpaca was called back about is on chain: whatever made this database forget it, it is not to be minted
 * again. When the scan finds it, it settles underneath the hold.
 */
function holdWhenMinted(record: TokenizationRequest, state: MintState): readonly MintEvent[] {
  const { transactionHash } = record;
  if ((transactionHash === null && record.status !== 'completed') || stageOf(state) === null) return [];
  const where = transactionHash === null ? '' : ` in the transaction ${transactionHash}`;
  return decideMint({ type: 'hold', why: `Alpaca was told before that it is minted${where}` }, state);
}

/** What Alpaca's record says as a request; a string tells why it cannot be one. */
function readRecord(
  record: TokenizationRequest,
  mintId: string,
  state: { readonly tokenizationRequestId: string; readonly confirms: readonly ConfirmFacts[] },
): MintRequestBody | string {
  const { tokenizationRequestId } = state;
  if (record.tokenizationRequestId.toLowerCase() !== tokenizationRequestId.toLowerCase()) {
    return `Alpaca answered with the request ${record.tokenizationRequestId}`;
  }
  if (record.type !== 'mint') return `Alpaca calls it a ${record.type ?? 'request without a type'}`;
  if (record.issuerRequestId !== null && record.issuerRequestId.toLowerCase() !== mintId) {
    return `Alpaca knows it under the issuer id ${record.issuerRequestId}, ours is ${mintId}`;
  }
  if (record.status === 'rejected' && state.confirms.some((it) => it.status === 'completed')) {
    return 'Alpaca shows it as rejected and confirmed it as completed';
  }
  const { quantity, underlying, token, network, wallet } = record;
  const namedClient = namedClientOf(record);
  if (!quantity || !underlying || !token || !network || !wallet || namedClient === null) {
    return 'Alpaca left out what a mint needs: quantity, symbols, network, wallet or client';
  }
  if (quantity % ALPACA_UNIT !== 0n || quantity > MAX_QUANTITY) return 'its quantity cannot be minted';
  return { tokenizationRequestId, quantity, underlying, token, network, wallet, namedClient };
}

function namedClientOf(record: TokenizationRequest): NamedClient | null {
  if (record.clientExternalAccountId !== null) {
    return { field: 'client_id', value: record.clientExternalAccountId };
  }
  return record.clientAccountId === null
    ? null
    : { field: 'client_account_id', value: record.clientAccountId };
}
