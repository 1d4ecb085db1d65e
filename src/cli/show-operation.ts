import { formatQuantity } from '../primitives/quantity.ts';
import { alpacaCalls } from './alpaca-calls.ts';
import { eventDetail, eventMeaning } from './event-words.ts';
import { absoluteTime, momentText } from './output/moments.ts';
import type { Output } from './output/output.ts';
import type { Column } from './output/table.ts';
import { fieldLines, tableLines } from './output/table.ts';
import { amountText, stateTone } from './service/operation-columns.ts';
import type { EventAnswer, OperationAnswer, TransactionAnswer } from './service/wire.ts';

/** Gwei in wei; 18 decimals are those of the coin as of a token. */
const GWEI = 10n ** 9n;

/** One operation with all that is known of it. */
export interface ShownOperation {
  readonly operation: OperationAnswer;
  readonly events: readonly EventAnswer[];
  readonly transactions: readonly TransactionAnswer[];
}

type Look = { readonly output: Pick<Output, 'width' | 'paint'>; readonly nowMs: number };

/** All of it, for a person to read from the top. */
export function operationLines(
  { operation, events, transactions }: ShownOperation,
  { output, nowMs }: Look,
): readonly string[] {
  const tone = stateTone(operation.state);
  const state = tone === null ? operation.state : output.paint(tone, operation.state);
  const calls = alpacaCalls(operation, events);
  const chapter = (title: string, lines: readonly string[]): readonly string[] =>
    lines.length === 0 ? [] : ['', output.paint('strong', title), ...lines];
  return [
    `${output.paint('strong', `${operation.kind} ${operation.id}`)}  ${state}`,
    ...fieldLines(fieldsOf(operation, nowMs), output),
    ...chapter('What happened', tableLines(events, eventColumns(events[0]?.time ?? ''), output)),
    ...chapter(
      'Transactions',
      transactions.length === 0 ? [] : tableLines(transactions.flatMap(bytesOf), BYTES_COLUMNS, output),
    ),
    ...chapter(
      'At the custodian',
      transactions.some((it) => it.custodian !== null)
        ? tableLines(transactions.flatMap(toldOf), TOLD_COLUMNS, output)
        : [],
    ),
    ...chapter('Calls with Alpaca', calls.length === 0 ? [] : tableLines(calls, CALL_COLUMNS, output)),
  ];
}

function fieldsOf(
  operation: OperationAnswer,
  nowMs: number,
): readonly (readonly [name: string, value: string | null])[] {
  const { underlying, last_error: error } = operation;
  const amount = amountText(operation);
  return [
    ['amount', amount === null || underlying === null ? amount : `${amount} of ${underlying}`],
    ['since', momentText(operation.since, nowMs)],
    ['waiting for', operation.waiting_for],
    ['reason', operation.reason],
    ['attempts', attemptsText(operation, nowMs)],
    ['last error', error === null ? null : `${error.message} (${error.code})`],
    ['its time', error === null ? null : momentText(error.at, nowMs)],
    ['network', operation.network],
    ['vault', operation.vault],
    ['wallet', operation.wallet],
    ['account', operation.client_id],
    ['shares', operation.shares],
    ['burned', operation.burned],
    ['dust', operation.dust],
    ['transaction', operation.tx_hash],
    ['receipt', operation.receipt_id],
    ['id at Alpaca', operation.tokenization_request_id],
    ['created', momentText(operation.created_at, nowMs)],
    ['version', String(operation.version)],
  ];
}

function attemptsText({ attempts, next_attempt_at: next }: OperationAnswer, nowMs: number): string | null {
  if (attempts === null) return null;
  return next === null ? String(attempts) : `${String(attempts)}, the next ${momentText(next, nowMs)}`;
}

function eventColumns(startIso: string): readonly Column<EventAnswer>[] {
  return [
    { head: '#', cell: (it) => String(it.version), align: 'right' },
    { head: 'TIME', cell: (it) => absoluteTime(it.time, true) },
    { head: 'AFTER', cell: (it) => secondsBetween(startIso, it.time), align: 'right' },
    { head: 'EVENT', cell: (it) => it.type },
    { head: 'STATE', cell: (it) => it.state },
    { head: 'BY', cell: (it) => it.actor },
    { head: 'POSITION', cell: (it) => String(it.position), align: 'right' },
    { head: 'MEANING', cell: eventMeaning, bare: true },
    { head: 'SEE', cell: eventDetail, bare: true },
    { head: 'REASON', cell: (it) => it.reason },
  ];
}

/** `12.3 s`: what belongs together is read in seconds, not in clocks. */
function secondsBetween(from: string, to: string): string {
  return `${((Date.parse(to) - Date.parse(from)) / 1000).toFixed(1)} s`;
}

interface SignedBytes {
  readonly hash: string | null;
  readonly transaction: TransactionAnswer;
  readonly status: string;
  readonly variant: TransactionAnswer['variants'][number] | null;
}

/** Every hash of a nonce may be mined; a stranger's transaction may have used it instead. */
function bytesOf(transaction: TransactionAnswer): readonly SignedBytes[] {
  const { variants, phase, outcome, hash, block_number: block, custodian } = transaction;
  const ended = outcome === null ? phase : `${phase}, ${outcome}`;
  const newest = variants.at(-1)?.hash;
  const last = (): SignedBytes => ({ hash, transaction, status: ended, variant: null });
  const rows = variants.map((variant): SignedBytes => {
    const unused = variant.hash === newest ? 'pending' : 'replaced';
    const status = block === null ? unused : variant.hash === hash ? ended : 'not used';
    return { hash: variant.hash, transaction, status, variant };
  });
  if (custodian !== null) {
    const superseded = custodian.hashes.filter((it) => it !== hash);
    const status = block === null ? 'replaced' : 'not used';
    return [...superseded.map((it) => ({ hash: it, transaction, status, variant: null })), last()];
  }
  return rows.some((it) => it.hash === hash) ? rows : [...rows, last()];
}

const BYTES_COLUMNS: readonly Column<SignedBytes>[] = [
  { head: 'HASH', cell: (it) => it.hash },
  { head: 'STATUS', cell: (it) => it.status },
  {
    head: 'NONCE',
    cell: ({ transaction: { nonce } }) => (nonce === null ? null : String(nonce)),
    align: 'right',
  },
  { head: 'NETWORK', cell: (it) => it.transaction.network },
  {
    head: 'BLOCK',
    cell: (it) => (it.hash === it.transaction.hash ? it.transaction.block_number : null),
    align: 'right',
  },
  { head: 'SHARED BY', cell: (it) => String(it.transaction.operations), align: 'right' },
  {
    head: 'GWEI PER GAS AT MOST',
    cell: (it) => (it.variant === null ? null : formatQuantity(BigInt(it.variant.max_fee_per_gas) * GWEI)),
    align: 'right',
  },
  {
    head: 'COST AT MOST',
    cell: ({ variant }) =>
      variant === null ? null : formatQuantity(BigInt(variant.gas) * BigInt(variant.max_fee_per_gas)),
    align: 'right',
  },
  { head: 'SIGNED', cell: (it) => (it.variant === null ? null : absoluteTime(it.variant.signed_at, true)) },
  {
    head: 'SIGNED FOR',
    cell: ({ variant }) =>
      variant === null || variant.why === null ? null : `${variant.why} (${variant.body})`,
  },
  { head: 'SIGNER', cell: (it) => it.transaction.signer },
];

type Told = NonNullable<TransactionAnswer['custodian']>;

function toldOf({ custodian }: TransactionAnswer): readonly Told[] {
  return custodian === null ? [] : [custodian];
}

/** In the custodian's own words. */
const TOLD_COLUMNS: readonly Column<Told>[] = [
  { head: 'OUR ID', cell: (it) => it.external_id },
  { head: 'ITS ID', cell: (it) => it.id },
  { head: 'STATUS', cell: (it) => it.status },
  { head: 'SUB-STATUS', cell: (it) => it.sub_status },
  { head: 'REASON', cell: (it) => it.message },
];

const CALL_COLUMNS: readonly Column<ReturnType<typeof alpacaCalls>[number]>[] = [
  { head: 'TIME', cell: (it) => absoluteTime(it.time, true) },
  { head: 'WHO', cell: (it) => it.who },
  { head: 'CALL', cell: (it) => it.call },
  { head: 'RESULT', cell: (it) => it.result, bare: true, tone: (it) => (it.failed ? 'bad' : null) },
  { head: 'REQUEST ID', cell: (it) => it.requestId },
];
