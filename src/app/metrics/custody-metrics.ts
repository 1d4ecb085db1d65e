import { DECIMALS } from '../../primitives/quantity.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import type { CustodyLine } from '../custody/compare-custody.ts';

/** Supply against custody, as it was when somebody last asked for the comparison. */
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
  return {
    /** What could not be read leaves the figures as they were: it is neither equal nor different. */
    onCompared: (lines: readonly CustodyLine[]): void => {
      for (const it of lines) {
        if (it.status === 'unknown' || it.difference === null) continue;
        difference.set([it.underlying], Number(it.difference) / 10 ** DECIMALS);
        differs.set([it.underlying], it.status === 'differs' ? 1 : 0);
      }
    },
  };
}
