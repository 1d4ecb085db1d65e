import type { Answer } from './refusal.ts';
import { refusalAnswer } from './refusal.ts';
import type { Alteration, SendAction } from './script.ts';

type Row = Readonly<Record<string, unknown>>;

/** Applies a change to one object, or to every row of a list. */
function rows(change: (row: Row) => unknown): Alteration {
  const one = (value: unknown) => (isRow(value) ? change(value) : value);
  return (body) => (Array.isArray(body) ? body.map(one) : one(body));
}

function isRow(value: unknown): value is Row {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const set = (name: string, value: unknown) => rows((row) => ({ ...row, [name]: value }));
const absent = (name: string) => rows((row) => without(row, name));
const whilePending = (change: (row: Row) => Row) =>
  rows((row) => (row['status'] === 'pending' ? change(row) : row));

function without(row: Row, name: string): Row {
  return Object.fromEntries(Object.entries(row).filter(([key]) => key !== name));
}

/** Alterations of true answers: what was seen in production, and what must never be believed. */
export const quirks = {
  txHashEmpty: whilePending((row) => ({ ...row, tx_hash: '' })),
  txHashNull: whilePending((row) => ({ ...row, tx_hash: null })),
  txHashAbsent: whilePending((row) => without(row, 'tx_hash')),
  tokenSymbolEmpty: set('token_symbol', ''),
  networkAbsent: absent('network'),
  typeAbsent: absent('type'),
  walletAddressAbsent: absent('wallet_address'),
  feesZero: set('fees', '0'),
  feesDecimalZero: set('fees', '0.0'),
  feesCent: set('fees', '0.01'),
  feesNull: set('fees', null),
  feesAbsent: absent('fees'),
  unknownStatus: set('status', 'awaiting_review'),
  wrongId: rows((row) => ({
    ...row,
    tokenization_request_id: '00000000-0000-4000-8000-000000000000',
    issuer_request_id: 'somebody-else',
  })),
  wrongQty: set('qty', '999999.5'),
  wrongSymbol: rows((row) => ({ ...row, underlying_symbol: 'WRONG', token_symbol: 'tWRONG' })),
  malformedRow: (body) => (Array.isArray(body) ? [{ status: 7, qty: { deep: [] } }, null, ...body] : body),
  wrappedList: (body) => (Array.isArray(body) ? { requests: body } : body),
} satisfies Record<string, Alteration>;

export type QuirkName = keyof typeof quirks;

/** Answers that replace the true one; combine with `act: false` where the call must have no effect. */
export const answers = {
  notFound: refusalAnswer('notFound', 'tokenization request not found'),
  unauthorized: refusalAnswer('unauthorized', 'request is not authorized'),
  forbidden: refusalAnswer('forbidden', 'Failed Validation: Invalid data payload'),
  serverError: refusalAnswer('internal', 'internal server error'),
  unavailable: refusalAnswer('unavailable', 'service unavailable'),
  notJson: { status: 200, headers: { 'content-type': 'text/html' }, body: '<html>OK</html>' },
  empty: { status: 200, body: '' },
  /** 429 that asks to wait: `X-RateLimit-Reset` is in whole seconds since the epoch. */
  rateLimited: (resetAfterMs: number) => (nowMs: number) => ({
    ...refusalAnswer('tooManyRequests', 'too many requests'),
    headers: {
      'x-ratelimit-remaining': '0',
      'x-ratelimit-reset': String(Math.ceil((nowMs + resetAfterMs) / 1_000)),
    },
  }),
} satisfies Record<string, Answer | ((resetAfterMs: number) => (nowMs: number) => Answer)>;

/** Ways in which a confirm, or a mint request, goes wrong on its way to the issuer. */
export const deliveries = {
  /** Nothing is sent, until `release`. */
  never: { send: () => [] },
  duplicate: { send: (body) => [body, body] },
  duplicateTogether: { send: (body) => [body, body], together: true },
  /** The true confirm, then the opposite. */
  contradictory: { send: (body) => [body, opposite(body)] },
  /** A confirm of a request that the issuer never saw, then the true one. */
  unknownFirst: {
    send: (body) => [{ ...body, tokenization_request_id: '00000000-0000-4000-8000-00000000dead' }, body],
    together: true,
  },
} satisfies Record<string, SendAction>;

export type DeliveryName = keyof typeof deliveries;

function opposite(body: Row): Row {
  return { ...body, status: body['status'] === 'completed' ? 'rejected' : 'completed' };
}
