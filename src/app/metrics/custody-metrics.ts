import { DECIMALS } from '../../primitives/quantity.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import type { CustodyLine } from '../custody/compare-custody.ts';
import type { Differences } from '../differences/create-differences.ts';
import type { DifferenceKind } from '../differences/difference.ts';
import { DIFFERENCE_KINDS } from '../differences/difference.ts';

/** What the comparison of the books found last, by itself or when somebody asked. */
export function createCustodyMetrics(metrics: Metrics) {
  const labels = ['underlying'];
  const difference = metrics.gauge({
    name: 'issuer_custody_difference_tokens',
    help: 'Shares at Alpaca less supply less what is under way, when last compared.',
    labels,
  });
  const differs = metrics.gauge({
    name: 'issuer_custody_differs',
    help: '1 where the last comparison found a difference that nothing under way explains.',
    labels,
  });
  const standing = metrics.gauge({
    name: 'issuer_differences',
    help: 'Differences in the books that were found twice and are not gone.',
    labels: ['kind'],
  });
  const told = metrics.counter({
    name: 'issuer_differences_told_total',
    help: 'Differences in the books that were found twice.',
    labels: ['kind'],
  });
  const round = metrics.gauge({
    name: 'issuer_differences_looked_seconds',
    help: 'When the books were last compared by the schedule, in seconds since 1970.',
  });
  for (const kind of DIFFERENCE_KINDS) told.add([kind], 0);
  return {
    /** What could not be read leaves the figures as they were: it is neither equal nor different. */
    onCompared: (lines: readonly CustodyLine[]): void => {
      for (const it of lines) {
        if (it.status === 'unknown' || it.difference === null) continue;
        difference.set([it.underlying], Number(it.difference) / 10 ** DECIMALS);
        differs.set([it.underlying], it.status === 'differs' ? 1 : 0);
      }
    },
    onTold: (kind: DifferenceKind): void => {
      told.add([kind]);
    },
    onRound: (nowMs: number): void => {
      round.set([], nowMs / 1000);
    },
    async collect(differences: Pick<Differences, 'standing'>): Promise<void> {
      const found = await differences.standing();
      for (const kind of DIFFERENCE_KINDS) {
        standing.set([kind], found.filter((it) => it.kind === kind).length);
      }
    },
  };
}
