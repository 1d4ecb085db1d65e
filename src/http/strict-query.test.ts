import { expect, test } from 'vitest';
import { z } from 'zod';
import { ALPACA_KEY, createTestServer, OPS_KEY } from './test-server.ts';

function open() {
  const { server } = createTestServer({
    internalRoutes: async (app) => {
      app.get('/list', { schema: { querystring: z.object({ limit: z.coerce.number().default(5) }) } }, (it) =>
        Promise.resolve(it.query),
      );
    },
  });
  return async (url: string, key = OPS_KEY) => {
    const answer = await server.inject({ url, headers: { 'x-api-key': key } });
    return { status: answer.statusCode, body: answer.json<Record<string, unknown>>() };
  };
}

test('an internal route refuses query parameters that it does not know, and names them', async () => {
  const get = open();
  expect(await get('/list?limit=7')).toEqual({ status: 200, body: { limit: 7 } });
  expect(await get('/list?limmit=7&sate=held')).toMatchObject({
    status: 400,
    body: { code: 'malformed', detail: expect.stringMatching(/^query: .*"limmit", "sate"/) as string },
  });
  expect(await get('/inside')).toMatchObject({ status: 200 });
  expect(await get('/inside?dry_run=true')).toMatchObject({
    status: 400,
    body: { detail: expect.stringContaining('"dry_run"') as string },
  });
});

test('a body that may be absent is not asked for, and one that is needed is missed in those words', async () => {
  const { server } = createTestServer({
    internalRoutes: async (app) => {
      const body = z.object({ network: z.string().optional() });
      app.post('/optional', { schema: { body: body.optional() } }, (it) =>
        Promise.resolve({ body: it.body }),
      );
      app.post('/needed', { schema: { body } }, (it) => Promise.resolve({ body: it.body }));
    },
  });
  const post = async (url: string, payload?: string) => {
    const type = payload === undefined ? {} : { 'content-type': 'application/json' };
    const headers = { 'x-api-key': OPS_KEY, ...type };
    const answer = await server.inject({
      method: 'POST',
      url,
      headers,
      ...(payload === undefined ? {} : { payload }),
    });
    return { status: answer.statusCode, body: answer.json<Record<string, unknown>>() };
  };
  for (const payload of [undefined, '', 'null']) {
    expect(await post('/optional', payload)).toEqual({ status: 200, body: {} });
    expect(await post('/needed', payload)).toMatchObject({
      status: 400,
      body: { detail: expect.stringContaining('expected object, received undefined') as string },
    });
  }
  expect(await post('/optional', '{"network":"base"}')).toMatchObject({
    body: { body: { network: 'base' } },
  });
});

test('Alpaca’s routes and those of balancers ignore what they do not know', async () => {
  const get = open();
  expect(await get('/who?generation=2', ALPACA_KEY)).toMatchObject({ status: 200 });
  expect(await get('/health?from=balancer')).toMatchObject({ status: 200 });
});
