import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Span, Tracer } from '../telemetry/trace.ts';
import { parseTraceparent } from '../telemetry/trace-points.ts';
import { createPeerCheck } from './access.ts';

/**
 * Makes every request a span, in which its handler runs. For before routes are registered.
 *
 * A caller's `traceparent` is believed from our own proxies, and from internal addresses that call directly: whoever
 * else could write into traces of ours, or decide that all of them are recorded.
 */
export function traceRequests(
  server: FastifyInstance,
  tracer: Tracer,
  trusted: { readonly proxies: readonly string[]; readonly internal: readonly string[] },
): void {
  if (!tracer.isOn) return;
  const isTrusted = createPeerCheck(trusted);
  const spans = new WeakMap<FastifyRequest, Span>();
  server.addHook('onRequest', (request, _reply, done) => {
    const header = request.headers['traceparent'];
    const remote = typeof header === 'string' && isTrusted(request) ? parseTraceparent(header) : null;
    const { method } = request;
    const route = request.routeOptions.url ?? null;
    const attributes = {
      'http.request.method': method,
      'http.route': route,
      'issuer.request': request.id,
    };
    const name = `${method} ${route ?? 'unknown route'}`;
    spans.set(request, tracer.start({ name, kind: 'server', parent: remote, attributes }));
    done();
  });
  // Only here: whoever reads the body would lose it.
  server.addHook('preHandler', (request, _reply, done) => {
    const span = spans.get(request);
    if (span === undefined) done();
    else tracer.within(span, done);
  });
  server.addHook('onResponse', (request, reply, done) => {
    endSpan(spans.get(request), request, reply);
    done();
  });
  // A caller that went away is answered nothing.
  server.addHook('onRequestAbort', (request, done) => {
    const span = spans.get(request);
    span?.fail('the caller went away');
    span?.end();
    done();
  });
}

function endSpan(span: Span | undefined, request: FastifyRequest, reply: FastifyReply): void {
  span?.set({
    'http.response.status_code': reply.statusCode,
    'issuer.actor': request.actor === '' ? null : request.actor,
  });
  if (reply.statusCode >= 500) span?.fail(`HTTP ${String(reply.statusCode)}`);
  span?.end();
}
