import type { FastifyInstance, FastifyReply } from 'fastify';
import { endsWithin } from '../ports/ends-within.ts';
import type { Timers } from '../ports/ports.ts';

/** A handler that runs for longer when the server closes, because a node hangs, is cut off, as a crash would. */
const DRAIN_TIMEOUT_MS = 10_000;

/**
 * Lets every handler that runs send its answer before connections are cut. Kept-alive connections, and those that never
 * sent a request, would otherwise hold the close up for more than a minute. Says whether the close has begun.
 */
export function drainBeforeClose(server: FastifyInstance, timers: Timers): () => boolean {
  const running = new Set<FastifyReply['raw']>();
  let closing = false;
  let onDrained = (): void => {};
  // Not before: a request whose body never comes has asked for nothing yet.
  server.addHook('preHandler', (_request, reply, done) => {
    const { raw } = reply;
    running.add(raw);
    const ended = (): void => {
      running.delete(raw);
      if (running.size === 0) onDrained();
    };
    raw.once('finish', ended);
    raw.once('close', ended);
    done();
  });
  server.addHook('preClose', async () => {
    closing = true;
    if (running.size === 0) return;
    const drained = new Promise<void>((resolve) => {
      onDrained = resolve;
    });
    await endsWithin(timers, DRAIN_TIMEOUT_MS, drained);
  });
  return () => closing;
}
