import type { AlpacaClient } from '../../alpaca/types.ts';
import type { EventStore } from '../../event-store/event-store.ts';
import type { Ledger } from '../../event-store/ledger.ts';
import type { ActionName, ActionReport, OperationActions } from '../../operation/actions.ts';
import { runAction } from '../../operation/actions.ts';
import { IssuanceError } from '../../primitives/failures.ts';
import { askAlpaca } from '../actions/look.ts';
import { readJournals } from '../journals.ts';
import { mintKind } from '../mint-kind.ts';
import type { KnownMint } from '../state.ts';

export interface CompareOptions {
  readonly ledger: Pick<Ledger, 'load' | 'loadMany'>;
  readonly store: Pick<EventStore, 'find'>;
  readonly alpaca: Pick<AlpacaClient, 'getRequest' | 'journals'>;
  readonly alpacaAccount: { readonly accountId: string };
  /** What operators can do to mints: the same looks and the same proofs are asked for here. */
  readonly actions: () => OperationActions;
}

/**
 * Lets a mint go on whose confirm was forgotten, by the evidence that an operator would need: Alpaca's record, an
 * executed journal that no other mint can have, or a final block. Gives what came of it; null while it must be looked
 * at again.
 *
 * @throws DependencyDown; IssuanceError `alpaca_unavailable`
 */
export async function compareMint(options: CompareOptions, id: string): Promise<string | null> {
  const { state } = await options.ledger.load(mintKind, id);
  switch (state.kind) {
    // Its request is being filled in from Alpaca's record.
    case 'unrequested':
      return null;
    case 'requested':
      return compareRequested(options, id, state);
    case 'held':
      return compareHeld(options, id, state);
    default:
      return `it is ${state.kind}`;
  }
}

async function compareRequested(options: CompareOptions, id: string, { mint }: KnownMint): Promise<string> {
  const byRecord = await act(options, 'recover', id, []);
  if (byRecord.changed) return byRecord.summary;
  const { fitting, others } = await readJournals(options, id, mint.terms);
  const [journal] = fitting;
  if (journal === undefined || fitting.length <= others.length) {
    return `${byRecord.summary}; of the journals that fit, ${String(others.length)} other mints may have each one`;
  }
  return (await act(options, 'recover', id, [journal.id])).summary;
}

/** Alpaca was told that it is minted: a final block that shows it settles it. */
async function compareHeld(options: CompareOptions, id: string, { mint }: KnownMint): Promise<string | null> {
  const { record } = await askAlpaca(options, mint.terms.tokenizationRequestId);
  const hash = record?.transactionHash ?? null;
  if (hash === null) return 'it is held: a person must judge it';
  const { changed, summary } = await act(options, 'complete', id, [hash]);
  return changed ? summary : null;
}

/** Takes the action, or tells why it is refused. */
async function act(
  { actions }: CompareOptions,
  action: ActionName,
  id: string,
  evidence: readonly string[],
): Promise<Pick<ActionReport, 'changed' | 'summary'>> {
  const assess = actions()[action];
  const metadata = { actor: 'engine', reason: 'the database was restored from a backup' };
  if (assess === undefined) return { changed: false, summary: `mints have no ${action}` };
  try {
    return await runAction(
      assess,
      { action, id, evidence, metadata },
      { dryRun: false, expectedVersion: null },
    );
  } catch (error) {
    if (error instanceof IssuanceError && error.code === 'action_refused') {
      return { changed: false, summary: error.message };
    }
    throw error;
  }
}
