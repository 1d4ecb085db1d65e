import { expect, it } from 'vitest';
import { HttpFailure } from '../../primitives/failures.ts';
import { createSimulatedAlpaca } from './simulated-alpaca.ts';

const ACCOUNT = '11111111-1111-4111-8111-111111111111';
const create = () =>
  createSimulatedAlpaca({ accountId: ACCOUNT, credentials: { apiKey: 'key', apiSecret: 'secret' } });

const list = {
  method: 'GET',
  url: `http://alpaca.example/v1/accounts/${ACCOUNT}/tokenization/requests?type=mint`,
  headers: { authorization: `Basic ${Buffer.from('key:secret').toString('base64')}` },
  timeoutMs: 1_000,
} as const;

it('takes a call without a socket, before it listens', async () => {
  const alpaca = create();
  const answer = await alpaca.exchange(list);
  expect(answer).toMatchObject({ status: 200, body: '[]' });
  expect(answer.headers['x-ratelimit-remaining']).toBe('999');
  expect((await alpaca.exchange({ ...list, headers: {} })).status).toBe(401);
  expect(alpaca.calls('list_requests').map((it) => it.query)).toEqual([{ type: 'mint' }, { type: 'mint' }]);
});

it('tells a connection that a rule cut from an answer', async () => {
  const alpaca = create();
  alpaca.script.add({ endpoint: 'list_requests', do: { reply: 'drop' } });
  await expect(alpaca.exchange(list)).rejects.toBeInstanceOf(HttpFailure);
  expect((await alpaca.exchange(list)).status).toBe(200);
});
