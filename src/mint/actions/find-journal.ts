import { formatQuantity } from '../../primitives/quantity.ts';
import { journalFaults, readJournals } from '../journals.ts';
import type { JournalsOptions } from '../journals.ts';
import type { Mint } from '../state.ts';

/** Other mints that are named when a journal may be theirs. */
const NAMED = 5;

/**
 * The journal that an operator names as evidence for a mint: executed, of its symbol and exact quantity, to our
 * account, and one more than all other mints can have. A text of `fault` tells why it is none.
 *
 * @throws DependencyDown; IssuanceError `alpaca_unavailable`, `action_refused`
 */
export async function findJournal(
  options: JournalsOptions,
  mintId: string,
  { terms, journalId: named }: Pick<Mint, 'terms' | 'journalId'>,
  journalId: string,
): Promise<{ readonly text: string; readonly journalId: string } | { readonly fault: string }> {
  const pool = await readJournals(options, mintId, terms);
  const journal = pool.listed.find((it) => it.id.toLowerCase() === journalId.toLowerCase());
  if (journal === undefined) {
    return { fault: `Alpaca lists no journal ${journalId} to our account since ${pool.after}` };
  }
  // As Alpaca spells it: in other letters it would stand for a second mint.
  const { id, status, symbol, quantity } = journal;
  if (named !== null && named !== id) return { fault: `the journal ${named} was named for it before` };
  const wrong = journalFaults(journal, terms, options.alpacaAccount.accountId).map((fault) => {
    const texts = {
      status: `it is ${String(status)}, not executed`,
      symbol: `it moved ${String(symbol)}, not ${terms.underlying}`,
      quantity: `it moved ${quantityText(quantity)}, not ${formatQuantity(terms.quantity)}`,
      account: 'it is not to our account',
    };
    return texts[fault];
  });
  if (wrong.length > 0) return { fault: `journal ${journalId} does not show it: ${wrong.join(', ')}` };
  if (!pool.fitting.includes(journal)) return { fault: `journal ${id} was named for another mint already` };
  const moved = `${formatQuantity(terms.quantity)} ${terms.underlying}`;
  const { fitting, others } = pool;
  if (fitting.length <= others.length) {
    const some = others.slice(0, NAMED).join(', ');
    const more = others.length > NAMED ? ` and ${String(others.length - NAMED)} more` : '';
    return {
      fault:
        `Alpaca lists ${String(fitting.length)} executed journals of ${moved} since ${pool.after}, which other mints ` +
        `stand on or may come to (${some}${more}): close those that never will, or wait for their confirms`,
    };
  }
  return { journalId: id, text: `journal ${id} moved ${moved} to our account and is executed` };
}

function quantityText(quantity: bigint | null): string {
  return quantity === null ? 'an unknown quantity' : formatQuantity(quantity);
}
