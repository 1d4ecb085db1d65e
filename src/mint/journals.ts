import type { AlpacaClient, ShareJournal } from '../alpaca/types.ts';
import type { EventStore, Row } from '../event-store/event-store.ts';
import type { Ledger } from '../event-store/ledger.ts';
import { JOURNAL_TABLE } from '../operation/journal-row.ts';
import { OPERATION_TABLE } from '../operation/operation-row.ts';
import { IssuanceError } from '../primitives/failures.ts';
import { mintKind } from './mint-kind.ts';
import type { MintTerms } from './state.ts';
import { isKnown } from './state.ts';

/** What it takes to know which of Alpaca's journals may stand for a mint. */
export interface JournalsOptions {
  readonly ledger: Pick<Ledger, 'loadMany'>;
  readonly store: Pick<EventStore, 'find'>;
  readonly alpaca: Pick<AlpacaClient, 'journals'>;
  readonly alpacaAccount: { readonly accountId: string };
}

/** Journals that Alpaca lists, as far as they may stand for one mint. */
export interface JournalPool {
  /** RFC 3339 day since which journals were listed. */
  readonly after: string;
  readonly listed: readonly ShareJournal[];
  /** Executed, of exactly its symbol and quantity, to our account, and named for no other mint. */
  readonly fitting: readonly ShareJournal[];
  /** Other mints that stand, or may come to stand, on one of those that fit. */
  readonly others: readonly string[];
}

const DAY_MS = 86_400_000;
/** Alpaca filters by day: one before the request, and one more for clocks and time zones that differ. */
const LISTED_BEFORE_MS = 2 * DAY_MS;
/** Alpaca journals minutes after it asked: what was requested longer before than this has its journal already. */
const JOURNALED_WITHIN_MS = 30 * DAY_MS;
/** Mints of one share and quantity that are looked at; the store gives no more at once. */
const MOST_MINTS = 10_000;

/**
 * Lists the journals that may be a mint's, and the other mints that may have them. Alpaca's confirms do not name a
 * journal, so that equal ones can only be counted: each of the others takes one, whichever that is.
 *
 * @throws DependencyDown; IssuanceError `alpaca_unavailable` for an answer that tells nothing
 */
export async function readJournals(
  options: JournalsOptions,
  mintId: string,
  terms: Pick<MintTerms, 'quantity' | 'underlying' | 'requestedAtMs'>,
): Promise<JournalPool> {
  const { alpaca, alpacaAccount, store } = options;
  const { accountId } = alpacaAccount;
  const fromMs = Math.floor((terms.requestedAtMs - LISTED_BEFORE_MS) / DAY_MS) * DAY_MS;
  const after = new Date(fromMs).toISOString().slice(0, 10);
  const answer = await alpaca.journals({ toAccount: accountId, after });
  if (answer.kind !== 'ok') {
    throw new IssuanceError(
      'alpaca_unavailable',
      `Alpaca does not tell what it journaled, so nothing is decided: ${answer.refusal.message}`,
    );
  }
  const listed = answer.value.items;
  const fits = listed.filter((it) => journalFaults(it, terms, accountId).length === 0);
  const claims = await claimed(store, fits);
  const fitting = fits.filter((it) => (claims.get(it.id) ?? mintId) === mintId);
  return { after, listed, fitting, others: await othersOf(options, mintId, terms, fromMs) };
}

/** What keeps a journal from being that of such a mint; none where it is one. */
export function journalFaults(
  { symbol, quantity: moved, status, toAccount, fromAccount }: ShareJournal,
  { quantity, underlying }: Pick<MintTerms, 'quantity' | 'underlying'>,
  accountId: string,
): readonly ('status' | 'symbol' | 'quantity' | 'account')[] {
  return [
    ...(status === 'executed' ? [] : (['status'] as const)),
    ...(symbol === underlying ? [] : (['symbol'] as const)),
    ...(moved === quantity ? [] : (['quantity'] as const)),
    ...(toAccount === accountId && fromAccount !== accountId ? [] : (['account'] as const)),
  ];
}

/** Which mint each journal was named for, where it was. */
async function claimed(
  store: Pick<EventStore, 'find'>,
  journals: readonly ShareJournal[],
): Promise<ReadonlyMap<string, string>> {
  const ids = journals.map((it) => it.id);
  const claims = new Map<string, string>();
  for (let from = 0; from < ids.length; from += 1_000) {
    const some = ids.slice(from, from + 1_000);
    const where = { journal_id: { in: some } };
    const rows = await store.find({ table: JOURNAL_TABLE.name, where, limit: some.length });
    for (const row of rows) claims.set(row['journal_id'] as string, row['operation_id'] as string);
  }
  return claims;
}

async function othersOf(
  { ledger, store }: JournalsOptions,
  mintId: string,
  { quantity, underlying }: Pick<MintTerms, 'quantity' | 'underlying'>,
  fromMs: number,
): Promise<readonly string[]> {
  const rows = await store.find({
    table: OPERATION_TABLE.name,
    where: {
      underlying,
      created_ms: { gte: fromMs - JOURNALED_WITHIN_MS },
      kind: 'mint',
      qty: quantity.toString(),
    },
    orderBy: [
      ['created_ms', 'desc'],
      ['id', 'desc'],
    ],
    limit: MOST_MINTS,
  });
  if (rows.length === MOST_MINTS) {
    throw new IssuanceError(
      'action_refused',
      `more than ${String(MOST_MINTS)} mints of this share and quantity may stand on the journals since then: ` +
        'which journal is this one’s cannot be told',
    );
  }
  const ids = rows.filter((row) => mayStand(row, fromMs)).map((row) => row['id'] as string);
  const loaded = await ledger.loadMany(
    mintKind,
    ids.filter((id) => id !== mintId),
  );
  return loaded.filter(({ state }) => isKnown(state) && takesOne(state)).map(({ id }) => id);
}

/** False for one whose journal was over before the first that is listed. */
function mayStand(row: Row, fromMs: number): boolean {
  const state = row['state'] as string;
  return state === 'requested' || (row['since_ms'] as number) >= fromMs;
}

/** One that names its journal takes that one, and none of the others. */
function takesOne(state: Parameters<typeof isKnown>[0]): boolean {
  if (!isKnown(state)) return false;
  const { journal, journalId } = state.mint;
  if (journalId !== null || journal === 'rejected') return false;
  // Should a confirm of it come after it was closed, it is held for a person, who sees that the journal is taken.
  return journal === 'completed' || state.kind !== 'closed';
}
