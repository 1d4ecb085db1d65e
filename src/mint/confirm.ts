import { transact } from '../event-store/transact.ts';
import type { AlarmName } from '../telemetry/alarms.ts';
import type { Log } from '../telemetry/log.ts';
import { isUuid, mintId, unplacedConfirmId } from '../primitives/uuid.ts';
import type { ConfirmDecision } from './decide-request.ts';
import { decideConfirm, decideUnclearConfirm } from './decide-request.ts';
import { mintKind } from './mint-kind.ts';
import type { ConfirmBody } from './request-body.ts';
import { readConfirm, readTokenizationRequestId } from './request-body.ts';
import type { MintRequestOptions } from './request.ts';
import { isKnown } from './state.ts';

export type ConfirmResult =
  | { readonly kind: 'ok'; readonly issuerRequestId: string }
  /** Code `unclear_confirm`: it could not be read; stored, and it needs a person. */
  | { readonly kind: 'unclear'; readonly detail: string }
  /** Code `confirm_conflict`: stored, and it needs a person. */
  | { readonly kind: 'conflict'; readonly issuerRequestId: string; readonly detail: string }
  /** Code `unknown_confirm`: stored; asked to come again, while we look the mint up at Alpaca. */
  | { readonly kind: 'unknown'; readonly issuerRequestId: string; readonly detail: string };

export interface ConfirmOptions extends Pick<MintRequestOptions, 'ledger' | 'alpacaAccount' | 'laneOf'> {
  /** Told of what needs a person; ids are in the text and the details. */
  readonly alarm: Log['error'];
}

/** A body that the server could not parse, as text, and what is wrong with it. */
export interface UnreadBody {
  readonly text: string;
  readonly why: string;
}

/** Longer ones are cut off when they are stored: nothing that can be a confirm is that long. */
const LONGEST_BODY = 4_096;

/**
 * Stores Alpaca's word on a journal, then says how to answer it. Resolves only when it is durable. What cannot be read
 * (`unread`: not even parsed) is stored as it came: to Alpaca a refusal is final, and the shares may have moved.
 */
export async function confirmMint(
  options: ConfirmOptions,
  body: unknown,
  causation: string | undefined,
  unread: UnreadBody | null = null,
): Promise<ConfirmResult> {
  const read = unread === null ? readConfirm(body) : unread.why;
  if (typeof read === 'string') {
    const text = unread?.text ?? JSON.stringify(body) ?? '';
    return storeUnclear(options, readTokenizationRequestId(body), { text, why: read }, causation);
  }
  const id = await locate(options, read);
  let decision: ConfirmDecision | null = null;
  await transact(
    options.ledger,
    mintKind,
    id,
    (loaded) => {
      decision = decideConfirm({ mintId: id, ...read, laneOf: options.laneOf }, loaded.state);
      return decision.events.length === 0 ? null : { events: decision.events };
    },
    { actor: 'alpaca', correlation: id, ...(causation === undefined ? {} : { causation }) },
  );
  return answer(options, id, read, decision);
}

async function storeUnclear(
  options: ConfirmOptions,
  tokenizationRequestId: string | null,
  { text, why }: UnreadBody,
  causation: string | undefined,
): Promise<ConfirmResult> {
  const { alpacaAccount, ledger } = options;
  const id =
    tokenizationRequestId === null
      ? unplacedConfirmId(alpacaAccount, text)
      : mintId(alpacaAccount, tokenizationRequestId);
  const confirm = { why, body: text.slice(0, LONGEST_BODY).toWellFormed() };
  let ended = false;
  const { committed } = await transact(
    ledger,
    mintKind,
    id,
    (loaded) => {
      const decision = decideUnclearConfirm(tokenizationRequestId, confirm, loaded.state);
      ended = decision.ended;
      return decision.events.length === 0 ? null : { events: decision.events };
    },
    { actor: 'alpaca', correlation: id, ...(causation === undefined ? {} : { causation }) },
  );
  const detail = `the confirm was stored as ${id} and is not understood: ${why}`;
  if (committed !== null) {
    options.alarm({ alarm: 'confirm_unclear', id, tokenizationRequestId }, detail);
  }
  return ended ? { kind: 'ok', issuerRequestId: id } : { kind: 'unclear', detail };
}

function answer(
  options: ConfirmOptions,
  id: string,
  { tokenizationRequestId, confirm }: ConfirmBody,
  decision: ConfirmDecision | null,
): ConfirmResult {
  const details = { id, tokenizationRequestId, status: confirm.status };
  // A repeat of what is stored already was told of when it came first.
  const tell = (alarm: AlarmName, message: string): void => {
    if (decision !== null && decision.events.length > 0) options.alarm({ alarm, ...details }, message);
  };
  switch (decision?.answer) {
    case 'ok':
      return { kind: 'ok', issuerRequestId: id };
    case 'conflict': {
      const detail = `the confirm contradicts the mint ${id}: ${decision.why ?? ''}`;
      tell('confirm_conflict', detail);
      return { kind: 'conflict', issuerRequestId: id, detail };
    }
    default: {
      const detail = `no mint is known for ${tokenizationRequestId}; its confirm was stored`;
      tell('confirm_unknown', detail);
      return { kind: 'unknown', issuerRequestId: id, detail };
    }
  }
}

/**
 * The mint that a confirm is about. Ids hang on Alpaca's base URL and our account: should those settings have changed
 * since the request, the issuer id that Alpaca repeats still names the mint.
 */
async function locate(
  options: ConfirmOptions,
  { tokenizationRequestId, confirm }: ConfirmBody,
): Promise<string> {
  const derived = mintId(options.alpacaAccount, tokenizationRequestId);
  const named = confirm.issuerRequestId.toLowerCase();
  if (named === derived || !isUuid(named)) return derived;
  const { state } = await options.ledger.load(mintKind, named);
  if (!isKnown(state)) return derived;
  return state.mint.terms.tokenizationRequestId === tokenizationRequestId ? named : derived;
}
