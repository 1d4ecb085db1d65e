import { expect, test } from 'vitest';
import { IssuanceError } from '../primitives/failures.ts';
import { ALPACA_KEY, createTestServer } from './test-server.ts';

function open() {
  let fault: Error | null = null;
  const { server, log, ports } = createTestServer({
    routes: async (app) => {
      app.get('/work', async () => {
        if (fault !== null) throw fault;
        return {};
      });
    },
  });
  const call = async (next: Error | null) => {
    fault = next;
    return (await server.inject({ url: '/work', headers: { 'x-api-key': ALPACA_KEY } })).statusCode;
  };
  const lines = (level: string) => log.entries.filter((it) => it.level === level);
  return { call, lines, ports };
}

const storage = () => new IssuanceError('outcome_unknown', 'disk full');

test('a failure that goes on is told once when it begins and once when it is over', async () => {
  const { call, lines, ports } = open();
  for (let times = 0; times < 5; times += 1) expect(await call(storage())).toBe(503);
  expect(lines('error')).toMatchObject([{ message: 'request failed', fields: { code: 'storage_failed' } }]);
  expect(lines('debug').filter((it) => it.message === 'request failed again')).toHaveLength(4);

  expect(await call(null)).toBe(200);
  expect(await call(storage())).toBe(503);
  expect(lines('error')).toHaveLength(1);
  await ports.advance(60_000);
  expect(await call(null)).toBe(200);
  expect(lines('info')).toMatchObject([{ fields: { route: '/work', code: 'storage_failed', times: 6 } }]);
  await call(storage());
  expect(lines('error')).toHaveLength(2);
});

test('failures that nobody foresaw are told apart by what they say', async () => {
  const { call, lines } = open();
  await call(new Error('one'));
  await call(new Error('two'));
  await call(new Error('one'));
  expect(lines('error')).toHaveLength(2);
});

test.each([
  ['version_conflict', 'busy'],
  ['stopping', 'stopping'],
  // A partner that is away is no fault of ours, and what depends on it is told of it elsewhere.
  ['dependency_down', 'chain_unavailable'],
  ['alpaca_unavailable', 'alpaca_unavailable'],
])('an answer that only asks to come again is no failure: %s', async (thrown, code) => {
  const { call, lines } = open();
  expect(await call(new IssuanceError(thrown, 'not now'))).toBe(503);
  expect(lines('error')).toEqual([]);
  expect(lines('info')).toMatchObject([{ message: 'request refused', fields: { code } }]);
});
