import { z } from 'zod';
import type { Answer } from './answer.ts';
import { ok, refusal } from './answer.ts';
import type { TransactionRecord } from './record.ts';
import { onWire } from './record.ts';

const DEFAULT_WINDOW_MS = 90 * 86_400_000;

const milliseconds = z.string().regex(/^\d+$/).transform(Number);
const querySchema = z.strictObject({
  before: milliseconds.optional(),
  after: milliseconds.optional(),
  status: z.string().optional(),
  orderBy: z.enum(['createdAt', 'lastUpdated']).default('createdAt'),
  sort: z.enum(['ASC', 'DESC']).default('DESC'),
  limit: z.string().regex(/^\d+$/).transform(Number).pipe(z.number().min(1).max(500)).default(200),
  sourceType: z.string().optional(),
  sourceId: z.string().optional(),
  destType: z.string().optional(),
  destId: z.string().optional(),
  assets: z.string().optional(),
  txHash: z.string().optional(),
});
type Query = z.infer<typeof querySchema>;

/** Where a page begins: the query that it belongs to, and the neighbour that it follows or precedes. */
const cursorSchema = z.object({
  query: z.record(z.string(), z.string()),
  edge: z.tuple([z.number(), z.number()]),
});

/** `GET /transactions`: a page of the workspace's transactions, with the pages beside it in the headers. */
export async function listTransactions(options: {
  readonly records: readonly TransactionRecord[];
  readonly parameters: URLSearchParams;
  readonly nowMs: number;
  /** Address of this list, without a query. */
  readonly url: string;
  /** Told of each that is about to be shown. */
  readonly ask: (record: TransactionRecord) => Promise<void>;
}): Promise<Answer> {
  const { records, parameters, nowMs, url, ask } = options;
  const asked = readQuery(parameters);
  if (asked === null) return refusal(400, 'the query has unknown or wrong parameters');
  const { query, edge, isBackwards } = asked;
  const all = records.filter((it) => matches(it, query, nowMs)).sort((a, b) => order(a, b, query));
  const first =
    edge === null
      ? 0
      : all.findIndex((it) => compare(keyOf(it, query), edge, query) > (isBackwards ? -1 : 0));
  const start = first < 0 ? all.length : first;
  const from = isBackwards ? Math.max(0, start - query.limit) : start;
  const page = all.slice(from, isBackwards ? start : from + query.limit);
  const headers: Record<string, string> = {};
  const [head, tail] = [page.at(0), page.at(-1)];
  if (tail !== undefined && from + page.length < all.length) {
    headers['next-page'] = pageUrl(url, 'next', asked.plain, keyOf(tail, query));
  }
  if (head !== undefined && from > 0) {
    headers['prev-page'] = pageUrl(url, 'prev', asked.plain, keyOf(head, query));
  }
  for (const record of page) await ask(record);
  return ok(page.map(onWire), headers);
}

function readQuery(parameters: URLSearchParams): {
  readonly query: Query;
  readonly plain: Readonly<Record<string, string>>;
  readonly edge: readonly [number, number] | null;
  readonly isBackwards: boolean;
} | null {
  const { next, prev, ...rest } = Object.fromEntries(parameters);
  const given = next ?? prev;
  const cursor = given === undefined ? null : readCursor(given);
  if (given !== undefined && cursor === null) return null;
  const plain = { ...cursor?.query, ...rest };
  const query = querySchema.safeParse(plain);
  if (!query.success) return null;
  return { query: query.data, plain, edge: cursor?.edge ?? null, isBackwards: prev !== undefined };
}

function readCursor(text: string): z.infer<typeof cursorSchema> | null {
  try {
    return cursorSchema.parse(JSON.parse(Buffer.from(text, 'base64url').toString('utf8')));
  } catch {
    // Not one of ours.
    return null;
  }
}

function pageUrl(
  url: string,
  name: 'next' | 'prev',
  query: Readonly<Record<string, string>>,
  edge: readonly [number, number],
): string {
  return `${url}?${name}=${Buffer.from(JSON.stringify({ query, edge })).toString('base64url')}`;
}

function matches(record: TransactionRecord, query: Query, nowMs: number): boolean {
  const { request } = record;
  const isIn = (wanted: string | undefined, found: string): boolean =>
    wanted === undefined || wanted === found;
  return (
    record.createdAtMs > (query.after ?? nowMs - DEFAULT_WINDOW_MS) &&
    record.createdAtMs < (query.before ?? Number.POSITIVE_INFINITY) &&
    isIn(query.status, record.status) &&
    isIn(query.sourceType, request.source.type) &&
    isIn(query.sourceId, request.source.id) &&
    isIn(query.destType, request.destination.type) &&
    isIn(query.destId, request.destination.id) &&
    isIn(query.txHash, record.toldHash ?? '') &&
    (query.assets === undefined || query.assets.split(',').includes(request.assetId))
  );
}

function keyOf(record: TransactionRecord, { orderBy }: Query): readonly [number, number] {
  return [orderBy === 'createdAt' ? record.createdAtMs : record.lastUpdatedMs, record.sequence];
}

function compare(a: readonly [number, number], b: readonly [number, number], { sort }: Query): number {
  const ascending = a[0] - b[0] || a[1] - b[1];
  return sort === 'ASC' ? ascending : -ascending;
}

function order(a: TransactionRecord, b: TransactionRecord, query: Query): number {
  return compare(keyOf(a, query), keyOf(b, query), query);
}
