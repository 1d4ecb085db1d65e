import { connect } from 'node:net';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { GuardConflict, StoreClosed, VersionConflict } from '../event-store/errors.ts';
import { systemClock, systemRandom, systemTimers } from '../ports/system.ts';
import { IssuanceError, RpcFailure } from '../primitives/failures.ts';
import { recordingLog } from '../telemetry/log.ts';
import type { AccessRule } from './access.ts';
import { PROBLEMS, problemOf } from './problems.ts';
import { createServer } from './server.ts';

const ALPACA_KEY = 'alpaca-key-0123456789-0123456789-0123';
const OLD_KEY = 'alpaca-old-0123456789-0123456789-0123';
const OPS_KEY = 'ops-key-0123456789-0123456789-012345';

const routes: FastifyPluginAsyncZod = async (app) => {
  app.post('/echo', { schema: { body: z.object({ qty: z.string() }) } }, async (request) => ({
    qty: request.body.qty,
    actor: request.actor,
  }));
  app.get('/fails', async () => {
    throw new Error('secret internals');
  });
  app.get('/taken', async () => {
    throw new IssuanceError('email_taken', 'an account with this email exists');
  });
};

const servers: { close(): Promise<unknown> }[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((it) => it.close()));
});

function start(alpaca: Partial<AccessRule> = {}) {
  const log = recordingLog();
  const server = createServer({
    log,
    random: systemRandom,
    clock: systemClock,
    timers: systemTimers,
    trustedProxies: ['198.51.100.0/24'],
    alpaca: {
      ranges: [],
      keys: [
        { name: 'alpaca', key: ALPACA_KEY },
        { name: 'alpaca-old', key: OLD_KEY },
      ],
      ...alpaca,
    },
    internal: {
      ranges: ['127.0.0.0/8', '::1/128'],
      keys: [{ name: 'ana', key: OPS_KEY }],
      forwardedOnlyBy: ['198.51.100.0/24'],
    },
    routes: {
      alpaca: [routes],
      internal: [
        async (app) => {
          app.get('/inside', async (request) => ({ actor: request.actor }));
          app.get('/inside/:id', async (request) => request.params);
          app.delete('/inside', async () => ({ deleted: true }));
        },
      ],
      keyless: [async (app) => void app.get('/figures', async () => ({ figures: [] }))],
      open: [async (app) => void app.get('/health', async () => ({ status: 'ok' }))],
    },
  });
  servers.push(server);
  return { server, log };
}

const echo = (payload: string, key = ALPACA_KEY) => ({
  method: 'POST' as const,
  url: '/echo',
  headers: { 'content-type': 'application/json', 'x-api-key': key },
  payload,
});

describe('server', () => {
  test('a quantity keeps its digits whether it is sent as a string or as a number', async () => {
    const { server } = start();
    for (const payload of [
      '{"qty":"12345678901234567890.123456789"}',
      '{"qty":12345678901234567890.123456789}',
    ]) {
      const answer = await server.inject(echo(payload));
      expect(answer.json()).toEqual({ qty: '12345678901234567890.123456789', actor: 'alpaca' });
    }
  });

  test.each([
    ['1e-7', '0.0000001'],
    ['1.5e3', '1500.0'],
    ['12.345E-2', '0.12345'],
    ['1e+0', '1'],
    ['1.25e1', '12.50'],
    ['-2e-1', '-0.2'],
    ['0.1', '0.1'],
    ['1e999', '1e999'],
  ])('a quantity that was sent as the number %s is the same number in plain digits', async (sent, read) => {
    const answer = await start().server.inject(echo(`{"qty":${sent}}`));
    expect(answer.json()).toMatchObject({ qty: read });
  });

  test('a type without a body is no body, as clients send it with DELETE', async () => {
    const answer = await start().server.inject({
      method: 'DELETE',
      url: '/inside',
      headers: { 'content-type': 'application/json', 'x-api-key': OPS_KEY },
    });
    expect(answer.statusCode).toBe(200);
  });

  test('a caller that goes away in the middle of its body is no failure of ours', async () => {
    const { server, log } = start();
    const { port } = new URL(await server.listen({ host: '127.0.0.1', port: 0 }));
    const socket = connect(Number(port), '127.0.0.1');
    socket.write(`POST /echo HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n`);
    socket.write(`x-api-key: ${ALPACA_KEY}\r\ncontent-length: 100\r\n\r\n{"qty"`, () => socket.destroy());
    await vi.waitFor(() => {
      expect(log.entries.filter((it) => it.level !== 'debug')).toMatchObject([
        { level: 'info', fields: { status: 400 } },
      ]);
    });
  });

  test.each([
    ['reads of the chain', new RpcFailure('busy', { kind: 'answered', method: 'eth_call' }), 503],
    ['a node on another chain', new IssuanceError('wrong_chain_id', 'it is on 1'), 503],
    ['a lost race', new VersionConflict('mint/1', 1, 2), 503],
    ['a lost race for a counter', new GuardConflict('inventory', 1, 2), 503],
    ['a store that closes', new StoreClosed('/srv/issuance.db'), 503],
  ])(
    'answers %s with a status that asks for a repeat, and shows nothing internal',
    async (_what, error, status) => {
      const found = problemOf(error);
      expect(found.status).toBe(status);
      expect(found.detail).not.toMatch(/mint\/1|inventory|srv/);
    },
  );

  test('during a rotation either key is accepted, and the log knows which', async () => {
    const answer = await start().server.inject(echo('{"qty":"1"}', OLD_KEY));
    expect(answer.json()).toMatchObject({ actor: 'alpaca-old' });
  });

  test.each([
    ['no key', undefined],
    ['an empty key', ''],
    ['a longer key', `${ALPACA_KEY}x`],
    ["an operator's key", OPS_KEY],
  ])('refuses %s with 401 before the body is looked at', async (_name, key) => {
    const headers = {
      'content-type': 'application/json',
      ...(key === undefined ? {} : { 'x-api-key': key }),
    };
    const answer = await start().server.inject({ method: 'POST', url: '/echo', headers, payload: '{broken' });
    expect(answer.statusCode).toBe(401);
    expect(answer.json()).toMatchObject({ code: 'unauthenticated', status: 401 });
  });

  test('the address is checked before the key', async () => {
    const { server } = start({ ranges: ['10.0.0.0/8'] });
    const answer = await server.inject({ ...echo('{"qty":"1"}'), remoteAddress: '192.0.2.1' });
    expect(answer.json()).toMatchObject({ code: 'address_forbidden', status: 403 });
    const mapped = await server.inject({ ...echo('{"qty":"1"}'), remoteAddress: '::ffff:10.1.2.3' });
    expect(mapped.statusCode).toBe(200);
  });

  test('internal routes take operators from inside, and refuse whoever hides behind a proxy', async () => {
    const { server } = start();
    const inside = { method: 'GET' as const, url: '/inside', headers: { 'x-api-key': OPS_KEY } };
    expect((await server.inject(inside)).json()).toEqual({ actor: 'ana' });
    expect((await server.inject({ ...inside, remoteAddress: '203.0.113.9' })).statusCode).toBe(403);
    const forwarded = { ...inside, headers: { ...inside.headers, 'x-forwarded-for': '127.0.0.1' } };
    expect((await server.inject(forwarded)).statusCode).toBe(403);
    const alpacas = { ...inside, headers: { 'x-api-key': ALPACA_KEY } };
    expect((await server.inject(alpacas)).statusCode).toBe(401);
  });

  test('a trusted proxy says who calls, and is believed for internal routes too', async () => {
    const { server } = start({ ranges: ['10.0.0.0/8'] });
    const through = (address: string, key: string) => ({
      headers: { 'content-type': 'application/json', 'x-api-key': key, 'x-forwarded-for': address },
      remoteAddress: '198.51.100.7',
    });
    const call = { ...echo('{"qty":"1"}') };
    expect((await server.inject({ ...call, ...through('10.1.1.1', ALPACA_KEY) })).statusCode).toBe(200);
    expect((await server.inject({ ...call, ...through('192.0.2.1', ALPACA_KEY) })).statusCode).toBe(403);
    const inside = { method: 'GET' as const, url: '/inside' };
    expect((await server.inject({ ...inside, ...through('127.0.0.1', OPS_KEY) })).statusCode).toBe(200);
    expect((await server.inject({ ...inside, ...through('203.0.113.9', OPS_KEY) })).statusCode).toBe(403);
  });

  test('what is for machines inside asks for no key, but for an address inside', async () => {
    const { server } = start();
    const figures = { method: 'GET' as const, url: '/figures' };
    expect((await server.inject(figures)).json()).toEqual({ figures: [] });
    for (const from of [
      { remoteAddress: '203.0.113.9' },
      { headers: { 'x-forwarded-for': '127.0.0.1' } },
      { headers: { 'x-api-key': OPS_KEY }, remoteAddress: '203.0.113.9' },
    ]) {
      expect((await server.inject({ ...figures, ...from })).json()).toMatchObject({
        code: 'address_forbidden',
      });
    }
  });

  test('health asks for nothing', async () => {
    const answer = await start().server.inject({
      method: 'GET',
      url: '/health',
      remoteAddress: '203.0.113.9',
    });
    expect(answer.json()).toEqual({ status: 'ok' });
  });

  test.each([
    ['malformed', echo('{"qty":1')],
    ['malformed', echo('{"qty":true}')],
    ['malformed', echo('')],
    ['malformed', { method: 'GET' as const, url: '/inside/%ff' }],
    ['malformed', { method: 'GET' as const, url: `/inside/${'a'.repeat(300)}` }],
    ['payload_too_large', echo(`{"qty":"${'1'.repeat(1_100_000)}"}`)],
    [
      'unsupported_media_type',
      { ...echo('qty=1'), headers: { 'x-api-key': ALPACA_KEY, 'content-type': 'text/plain' } },
    ],
    ['not_found', { ...echo('{}'), url: '/nowhere' }],
    ['email_taken', { method: 'GET' as const, url: '/taken', headers: { 'x-api-key': ALPACA_KEY } }],
  ] as const)('answers %s as a problem with its code and the text in `error`', async (code, request) => {
    const answer = await start().server.inject(request);
    expect(answer.headers['content-type']).toContain('application/problem+json');
    expect(answer.statusCode).toBe(PROBLEMS[code].status);
    const body = answer.json<Record<string, string>>();
    expect(body).toMatchObject({ code, status: PROBLEMS[code].status, type: `urn:issuance:problem:${code}` });
    expect(body['error']).toBe(body['detail']);
  });

  test('an unforeseen failure tells the client nothing but the request id, and the log everything', async () => {
    const { server, log } = start();
    const answer = await server.inject({
      method: 'GET',
      url: '/fails',
      headers: { 'x-api-key': ALPACA_KEY },
    });
    expect(answer.statusCode).toBe(500);
    expect(answer.body).not.toContain('secret internals');
    const line = log.entries.find((it) => it.level === 'error');
    expect(line?.fields).toMatchObject({ request_id: answer.headers['x-request-id'], code: 'internal' });
  });
});
