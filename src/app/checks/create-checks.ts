import type { Worker } from '../../engine/work.ts';
import type { Moves } from '../../custody/move/create-moves.ts';
import type { BooksCheck } from '../differences/books-check.ts';
import { createBooksCheck } from '../differences/books-check.ts';
import type { Differences } from '../differences/create-differences.ts';
import { createDifferences } from '../differences/create-differences.ts';
import type { SupplySums } from '../differences/supply-sums.ts';
import type { Features } from '../features.ts';
import type { Hindrances } from '../../operation/hindrance.ts';
import type { SharedParts } from '../shared-parts.ts';
import { createCheckWorker } from './check-worker.ts';
import { createOverdueCheck } from './overdue.ts';

/** What looks for what is wrong, by itself and when asked. */
export interface Checks {
  readonly worker: Worker;
  readonly books: BooksCheck;
  readonly differences: Differences;
}

export function createChecks(
  { ports, log, store, networks, telemetry }: SharedParts,
  { alpaca, assets }: Pick<Features, 'alpaca' | 'assets'>,
  {
    hindrances,
    sums,
    moves,
  }: {
    readonly hindrances: Hindrances;
    readonly sums: SupplySums;
    readonly moves: Pick<Moves, 'waitsFor'>;
  },
): Checks {
  const { clock } = ports;
  const { operations, custody } = telemetry.metrics;
  const differences = createDifferences({ store, clock, log, onTold: custody.onTold });
  const books = createBooksCheck({
    store,
    log,
    networks,
    alpaca,
    sums,
    vaults: () => assets.vaults(),
    differences,
    onCompared: custody.onCompared,
  });
  const overdue = createOverdueCheck({
    store,
    clock,
    log,
    hindrances,
    waitsFor: (id) => moves.waitsFor(id),
    onCrossing: operations.onCrossing,
  });
  return {
    worker: createCheckWorker({
      overdue,
      async books() {
        const result = await books.step();
        custody.onRound(clock.nowMs());
        return result;
      },
    }),
    books,
    differences,
  };
}
