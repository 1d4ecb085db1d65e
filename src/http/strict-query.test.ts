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

test('Alpaca’s routes and those of balancers ignore what they do not know', async () => {
  const get = open();
  expect(await get('/who?generation=2', ALPACA_KEY)).toMatchObject({ status: 200 });
  expect(await get('/health?from=balancer')).toMatchObject({ status: 200 });
});
