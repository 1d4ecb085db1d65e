import type { HttpRequest, HttpResponse } from '../../src/ports/ports.ts';
import { HttpFailure } from '../../src/primitives/failures.ts';
import type { Process, ProcessEvents } from './process.ts';
import type { World } from './world.ts';
import { FOREVER } from './world.ts';
import { exchange } from './wire.ts';

/** Calls of others to the issuer: they reach whichever process serves at that moment, and break when it dies. */
export function callIssuer(
  world: World,
  serving: () => Process | null,
  events: ProcessEvents,
  request: HttpRequest,
): Promise<HttpResponse> {
  const { plan, scheduler } = world;
  const { pathname, search } = new URL(request.url);
  const identity = `${request.method} ${pathname}${search} ${request.body ?? ''}`;
  const attempt = plan.attempt(identity);
  let handled: Process | null = null;
  return exchange(world, {
    what: `${request.method} ${pathname}`,
    identity,
    attempt,
    life: FOREVER,
    timeoutMs: request.timeoutMs,
    lostRequest: 'call_lost_request',
    lostAnswer: 'call_lost_answer',
    latencyMs: 100,
    failure: (why, timedOut) => new HttpFailure(`${request.method}: ${why}`, { timedOut }),
    atCrashPoint(phase) {
      const process = phase === 'before' ? serving() : handled;
      // Whoever asked lives on: its answer tells that the connection broke.
      if (process?.alive === true) events.atCrashPoint(process, `call ${pathname}`, identity, phase);
      return false;
    },
    act: () =>
      new Promise<HttpResponse>((resolve, reject) => {
        const process = serving();
        const server = process?.server ?? null;
        const broken = (why: string): void => reject(new HttpFailure(why, { timedOut: false }));
        if (process === null || server === null) {
          broken('connection refused');
          return;
        }
        handled = process;
        const leave = scheduler.enter();
        process.onDeath(() => {
          leave();
          broken('connection reset');
        });
        const { method, headers, body } = request;
        const payload = body === undefined ? {} : { payload: body };
        const call = { method, url: `${pathname}${search}`, headers: { ...headers }, ...payload };
        server.inject(call).then(
          (answer) => {
            leave();
            if (process.alive) resolve({ status: answer.statusCode, headers: {}, body: answer.body });
            return null;
          },
          (error: unknown) => {
            leave();
            broken(String(error));
          },
        );
      }),
  });
}
