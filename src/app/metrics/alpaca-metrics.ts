import type { AlpacaCall } from '../../alpaca/types.ts';
import type { HttpClient } from '../../ports/ports.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import { SECONDS_OF_A_CALL } from '../../telemetry/metrics.ts';

/** Calls to Alpaca. */
export function createAlpacaMetrics(metrics: Metrics) {
  const calls = metrics.counter({
    name: 'issuer_alpaca_calls_total',
    help: 'Calls to Alpaca by what they brought, and by the class of the status: 2xx to 5xx, or none.',
    labels: ['call', 'outcome', 'status'],
  });
  const duration = metrics.histogram({
    name: 'issuer_alpaca_call_duration_seconds',
    help: 'How long Alpaca took to answer, or to fail.',
    labels: ['call'],
    buckets: SECONDS_OF_A_CALL,
  });
  const remaining = metrics.gauge({
    name: 'issuer_alpaca_rate_limit_remaining',
    help: 'Calls that Alpaca would still take in its present minute, as it said last.',
  });
  return {
    onCall: ({ call, outcome, status, durationMs }: AlpacaCall): void => {
      calls.add([call, outcome, status === null ? 'none' : `${String(Math.floor(status / 100))}xx`]);
      duration.observe([call], durationMs / 1000);
    },
    /** The same client, whose answers are looked at for what is left of the rate limit. */
    watchLimit:
      (http: HttpClient): HttpClient =>
      async (request) => {
        const response = await http(request);
        const left = Number(response.headers['x-ratelimit-remaining'] ?? Number.NaN);
        if (Number.isFinite(left)) remaining.set([], left);
        return response;
      },
  };
}
