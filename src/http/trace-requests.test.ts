import type { FastifyInstance } from 'fastify';
import Fastify from 'fastify';
import { describe, expect, test } from 'vitest';
import type { Span, SpanOptions, Tracer } from '../telemetry/trace.ts';
import { noTracer } from '../telemetry/trace.ts';
import { traceRequests } from './trace-requests.ts';

const REMOTE = { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '00f067aa0ba902b7', sampled: true };
const TRACEPARENT = `00-${REMOTE.traceId}-${REMOTE.spanId}-01`;

/** A tracer that keeps what it was told. */
function recordingTracer() {
  const started: SpanOptions[] = [];
  const told: unknown[] = [];
  let current: Span | null = null;
  const tracer: Tracer = {
    ...noTracer,
    isOn: true,
    start(options) {
      started.push(options);
      return {
        point: REMOTE,
        set: (it) => void told.push(it),
        link() {},
        keep() {},
        fail: (why) => void told.push(why),
        end: () => void told.push('end'),
      };
    },
    within(span, work) {
      current = span;
      try {
        return work();
      } finally {
        current = null;
      }
    },
    current: () => current,
  };
  return { tracer, started, told };
}

async function start(trustProxy: boolean) {
  const { tracer, started, told } = recordingTracer();
  const server = Fastify({ trustProxy });
  server.decorateRequest('actor', '');
  traceRequests(server, tracer, { proxies: ['10.0.0.0/8'], internal: ['192.168.0.0/16'] });
  server.post('/mint/:id', () => ({ within: tracer.current() !== null }));
  server.get('/broken', () => {
    throw new Error('broken');
  });
  return { server, started, told };
}

describe('a request as a span', () => {
  test('is named by its route, holds what its handler does, and tells how it ended', async () => {
    const { server, started, told } = await start(false);
    const answer = await server.inject({ method: 'POST', url: '/mint/secret-id?key=secret', payload: {} });
    expect(answer.json()).toEqual({ within: true });
    expect(started).toMatchObject([{ name: 'POST /mint/:id', kind: 'server', parent: null }]);
    expect(JSON.stringify(started)).not.toContain('secret');
    expect(told).toMatchObject([{ 'http.response.status_code': 200 }, 'end']);
  });

  test('a failure of ours is the span’s, a refusal is not', async () => {
    const { server, told } = await start(false);
    await server.inject({ method: 'GET', url: '/broken' });
    await server.inject({ method: 'GET', url: '/nowhere' });
    expect(told.filter((it) => typeof it === 'string')).toEqual(['HTTP 500', 'end', 'end']);
  });

  test.for<[string, string, Record<string, string>, boolean]>([
    ['an internal address', '192.168.1.1', {}, true],
    ['a proxy of ours', '10.1.1.1', { 'x-forwarded-for': '203.0.113.9' }, true],
    ['somebody outside', '203.0.113.9', {}, false],
    [
      'an internal address that speaks for another',
      '192.168.1.1',
      { 'x-forwarded-for': '203.0.113.9' },
      false,
    ],
    ['somebody who says to be a proxy', '203.0.113.9', { 'x-forwarded-for': '10.1.1.1' }, false],
  ])('a traceparent of %s', async ([, remoteAddress, headers, isBelieved]) => {
    const { server, started } = await start(true);
    await server.inject({
      method: 'POST',
      url: '/mint/1',
      remoteAddress,
      headers: { ...headers, traceparent: TRACEPARENT },
    });
    expect(started[0]?.parent).toEqual(isBelieved ? REMOTE : null);
  });
});

test('while tracing is off nothing is added to the server', () => {
  let hooks = 0;
  const server = { addHook: () => (hooks += 1) } as unknown as FastifyInstance;
  traceRequests(server, noTracer, { proxies: [], internal: [] });
  expect(hooks).toBe(0);
});
