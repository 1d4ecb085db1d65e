import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Timers } from '../ports/ports.ts';
import type { Log } from '../telemetry/log.ts';

/** One request that was answered. */
export interface RequestReport {
  readonly method: string;
  /** The route's pattern, never the path that was asked for; null where no route matched. */
  readonly route: string | null;
  readonly status: number;
  readonly durationMs: number;
}

/** Tells of every answered request: a line at debug, and whoever counts. For before routes are registered. */
export function watchRequests(
  server: FastifyInstance,
  options: {
    readonly log: Log;
    readonly timers: Pick<Timers, 'monotonicMs'>;
    /** Must not throw. */
    readonly onRequest: (report: RequestReport) => void;
  },
): void {
  const { log, timers, onRequest } = options;
  const started = new WeakMap<FastifyRequest, number>();
  server.addHook('onRequest', (request, _reply, done) => {
    started.set(request, timers.monotonicMs());
    done();
  });
  server.addHook('onResponse', (request, reply, done) => {
    const nowMs = timers.monotonicMs();
    const { method } = request;
    const route = request.routeOptions.url ?? null;
    const status = reply.statusCode;
    const durationMs = nowMs - (started.get(request) ?? nowMs);
    onRequest({ method, route, status, durationMs });
    const fields = { request_id: request.id, method, route, status, duration_ms: Math.round(durationMs) };
    log.debug({ ...fields, actor: request.actor === '' ? null : request.actor }, 'request answered');
    done();
  });
}
