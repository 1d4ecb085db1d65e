import type { RequestReport } from '../../http/watch-requests.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import { SECONDS_OF_A_CALL } from '../../telemetry/metrics.ts';

/** Why a caller was turned away, by the status that says so. */
const REJECTIONS: Readonly<Record<number, string>> = {
  401: 'credentials',
  403: 'address',
  429: 'too_many_failures',
};

/** Methods that are told apart; a caller may invent others. */
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** Requests to the service. */
export function createHttpMetrics(metrics: Metrics) {
  const duration = metrics.histogram({
    name: 'issuer_http_request_duration_seconds',
    help: 'How long requests took to be answered; `none` where no route matched.',
    labels: ['method', 'route', 'status'],
    buckets: SECONDS_OF_A_CALL,
  });
  const rejected = metrics.counter({
    name: 'issuer_http_rejected_credentials_total',
    help: 'Callers that were turned away for their credentials or their address.',
    labels: ['reason'],
  });
  return {
    onRequest: ({ method, route, status, durationMs }: RequestReport): void => {
      const known = METHODS.has(method) ? method : 'other';
      duration.observe([known, route ?? 'none', String(status)], durationMs / 1000);
      const reason = REJECTIONS[status];
      if (reason !== undefined) rejected.add([reason]);
    },
  };
}
