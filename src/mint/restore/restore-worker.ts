import type { AlpacaClient, TokenizationRequest } from '../../alpaca/types.ts';
import type { StepResult, Worker } from '../../engine/work.ts';
import type { EventStore } from '../../event-store/event-store.ts';
import type { Ledger, Loaded } from '../../event-store/ledger.ts';
import { change } from '../../event-store/ledger.ts';
import { refusedStep } from '../../operation/alpaca-error.ts';
import { OPERATION_TABLE } from '../../operation/operation-row.ts';
import type { Clock } from '../../ports/ports.ts';
import { mintId } from '../../primitives/uuid.ts';
import type { Log } from '../../telemetry/log.ts';
import type { TransactionDesk } from '../../transaction/desk.ts';
import type { LaneId } from '../../transaction/lane-feature.ts';
import { mintKind } from '../mint-kind.ts';
import type { CompareOptions } from './compare-mint.ts';
import { compareMint } from './compare-mint.ts';
import type { RestoreState } from './restore-kind.ts';
import { RESTORE_ID, restoreKind } from './restore-kind.ts';

export interface RestoreOptions extends CompareOptions {
  readonly ledger: Ledger;
  readonly store: EventStore;
  readonly clock: Clock;
  readonly log: Pick<Log, 'info' | 'warn' | 'error'>;
  readonly alpaca: Pick<AlpacaClient, 'listRequests' | 'getRequest' | 'journals'>;
  readonly alpacaAccount: { readonly baseUrl: string; readonly accountId: string };
  readonly desk: Pick<TransactionDesk, 'isQuarantined'>;
  /** The lanes that sign at present. */
  readonly lanes: () => readonly LaneId[];
}

const QUARANTINE_PAUSE_MS = 5_000;
/** What is not settled yet is looked at again: a request is being filled in, or a block is not final. */
const COMPARE_PAUSE_MS = 30_000;
/** Mints that wait for a confirm, at most; those beyond have to be recovered by hand, and the log says so. */
const MOST_MINTS = 10_000;

/**
 * After a restore: lists Alpaca's requests once every lane has read from the chain what was forgotten, takes in those
 * that this database does not know, and compares what waits for a confirm with what Alpaca has.
 */
export function createRestoreWorker(options: RestoreOptions): Worker {
  return {
    kind: 'restore',
    concurrency: 1,
    async step() {
      const loaded = await options.ledger.load(restoreKind, RESTORE_ID);
      const { state } = loaded;
      switch (state.kind) {
        case 'none':
        case 'done':
          return { kind: 'advanced' };
        case 'noticed':
          return list(options, loaded, state);
        case 'comparing':
          return compare(options, state);
        default:
          return state satisfies never;
      }
    },
  };
}

async function list(
  options: RestoreOptions,
  loaded: Loaded<RestoreState>,
  { sinceMs, untilMs }: Extract<RestoreState, { kind: 'noticed' }>,
): Promise<StepResult> {
  const { ledger, store, clock, log, alpaca, desk, lanes } = options;
  for (const lane of lanes()) {
    if (await desk.isQuarantined(lane)) return { kind: 'later', delayMs: QUARANTINE_PAUSE_MS };
  }
  const answer = await alpaca.listRequests({ type: 'mint', after: new Date(sinceMs).toISOString() });
  if (answer.kind !== 'ok') return refusedStep(`requests_${answer.kind}`, answer.refusal, clock.nowMs());
  const { items, skipped } = answer.value;
  if (skipped > 0) {
    log.error(
      { alarm: 'restore_incomplete', skipped },
      'Alpaca lists requests that cannot be read: look for mints that were forgotten by hand',
    );
  }
  const forgotten = await forgottenOf(options, items);
  const waiting = await store.find({
    table: OPERATION_TABLE.name,
    where: { kind: 'mint', state: 'requested', created_ms: { lte: untilMs } },
    orderBy: [
      ['created_ms', 'desc'],
      ['id', 'desc'],
    ],
    limit: MOST_MINTS,
  });
  if (waiting.length === MOST_MINTS) {
    log.error(
      { alarm: 'restore_incomplete', mints: MOST_MINTS },
      'more mints wait for a confirm than are compared after a restore',
    );
  }
  const ids = forgotten.map((it) => it.id);
  const mints = [...ids, ...waiting.map((row) => row['id'] as string)];
  const listed = { type: 'RequestsListed', data: { mints, forgotten: ids } } as const;
  await ledger.commit({
    changes: [change(restoreKind, loaded, [listed]), ...forgotten.map((it) => it.change)],
    metadata: {
      actor: 'engine',
      reason: 'the database came from a backup: Alpaca was asked what it has forgotten',
      ...(answer.requestId === null ? {} : { causation: answer.requestId }),
    },
  });
  log.warn(
    { forgotten: ids.length, unconfirmed: waiting.length },
    'restored: Alpaca’s requests are compared',
  );
  return { kind: 'advanced' };
}

/** Requests that we had answered with the id that is theirs, of which this database knows nothing. */
async function forgottenOf({ ledger, alpacaAccount }: RestoreOptions, items: readonly TokenizationRequest[]) {
  const ours = new Map(
    items
      .filter((it) => it.type === 'mint' && it.status !== 'rejected')
      .map((it) => [mintId(alpacaAccount, it.tokenizationRequestId), it] as const)
      .filter(([id, it]) => it.issuerRequestId?.toLowerCase() === id),
  );
  const loaded = await ledger.loadMany(mintKind, [...ours.keys()]);
  return loaded
    .filter(({ state }) => state.kind === 'none')
    .map((mint) => {
      const tokenizationRequestId = ours.get(mint.id)?.tokenizationRequestId ?? '';
      const listed = { type: 'RequestListed', data: { tokenizationRequestId } } as const;
      return { id: mint.id, change: change(mintKind, mint, [listed]) };
    });
}

async function compare(
  options: RestoreOptions,
  { mints }: Extract<RestoreState, { kind: 'comparing' }>,
): Promise<StepResult> {
  const { ledger, log } = options;
  let left = mints.length;
  for (const id of mints) {
    const outcome = await compareMint(options, id);
    if (outcome === null) continue;
    const loaded = await ledger.load(restoreKind, RESTORE_ID);
    const compared = { type: 'MintCompared', data: { id, outcome } } as const;
    await ledger.commit({
      changes: [change(restoreKind, loaded, [compared])],
      metadata: { actor: 'engine', correlation: id },
    });
    log.info({ id, outcome }, 'a mint was compared with Alpaca after the restore');
    left -= 1;
  }
  return left === 0 ? { kind: 'advanced' } : { kind: 'later', delayMs: COMPARE_PAUSE_MS };
}
