import type { FastifyInstance } from 'fastify';
import type { Timers } from '../ports/ports.ts';
import type { Log, LogFields } from '../telemetry/log.ts';

/** A failure is over when its route answers and it has not been seen for this long: one id may fail among others. */
const QUIET_MS = 60_000;
/** Kinds of failures that are kept apart; past it all are told anew. */
const MOST_KEPT = 1_000;

export interface FailedRequest {
  readonly route: string | null;
  readonly code: string;
  readonly error: unknown;
  /** For the line. */
  readonly fields: LogFields;
}

/** Tells failures of requests once when they begin and once when they end, and each of them at debug. */
export interface FailureLines {
  failed(request: FailedRequest): void;
}

interface Failing {
  readonly route: string | null;
  readonly code: string;
  readonly message: string;
  times: number;
  lastMs: number;
}

/** Listens to the answers of the server. For before routes are registered. */
export function createFailureLines(
  server: FastifyInstance,
  { log, timers }: { readonly log: Log; readonly timers: Pick<Timers, 'monotonicMs'> },
): FailureLines {
  const failing = new Map<string, Failing>();
  server.addHook('onResponse', (request, reply, done) => {
    if (failing.size > 0 && reply.statusCode < 500) answered(request.routeOptions.url ?? null);
    done();
  });

  const answered = (route: string | null): void => {
    for (const [key, it] of failing) {
      if (it.route !== route || timers.monotonicMs() - it.lastMs < QUIET_MS) continue;
      failing.delete(key);
      const { code, message, times } = it;
      log.info({ route, code, error: message, times }, 'requests that failed are answered again');
    }
  };

  return {
    failed({ route, code, error, fields }) {
      const message = error instanceof Error ? error.message.slice(0, 200) : 'what was thrown is no error';
      // What only some requests meet must not hide behind what all of them do.
      const key = `${route ?? ''} ${code} ${code === 'internal' ? message : ''}`;
      const known = failing.get(key);
      if (known !== undefined) {
        known.times += 1;
        known.lastMs = timers.monotonicMs();
        log.debug({ ...fields, err: error }, 'request failed again');
        return;
      }
      if (failing.size >= MOST_KEPT) failing.clear();
      failing.set(key, { route, code, message, times: 1, lastMs: timers.monotonicMs() });
      log.error({ alarm: 'request_failed', ...fields, err: error }, 'request failed');
    },
  };
}
