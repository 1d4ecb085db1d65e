import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { refusalAnswer } from '../../src/sandbox/alpaca/refusal.ts';
import type { World } from './world.ts';
import { eventually, startWorld } from './world.ts';

type Line = Readonly<Record<string, unknown>>;

/** The lines that the document shows. */
const EXAMPLES = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'observability.md'), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('{"level"'))
  .map((line) => JSON.parse(line) as Line);

describe('the log of a day', () => {
  let world: World;
  let output: readonly string[];
  let lines: readonly Line[];
  beforeAll(async () => {
    world = await startWorld({ env: { LOG_LEVEL: 'debug' } });
    const { alpaca } = world.partners;
    await world.mint('10');
    const hold = { owner: 'corporate actions', reason: 'a split to come', from: '2099-01-01T00:00:00Z' };
    await world.api.call('POST', '/underlyings/AAPL/holds', hold);
    const hash = await world.sendBack('4');
    await world.operation(`kind=redemption&tx_hash=${hash}`, (it) => it.state === 'completed');
    alpaca.script.add({ endpoint: 'redeem_journal', do: { outcome: { reject: 'no such shares' } } });
    const rejected = await world.sendBack('1');
    await world.operation(`kind=redemption&tx_hash=${rejected}`, (it) => it.state === 'rejected');
    // A partner that repeats our secret in its own words, for a while.
    const secret = world.env['ALPACA_API_SECRET'] ?? '';
    const reply = refusalAnswer('unavailable', `no service for ${secret}`);
    alpaca.script.add({ endpoint: '*', times: 'always', do: { reply, act: false } });
    const order = await world.orderMint('2');
    await world.operation(
      `tokenization_request_id=${order.id}`,
      (it) => it.state === 'minted' && it.last_error !== null,
    );
    alpaca.script.clear();
    await world.operation(`tokenization_request_id=${order.id}`, (it) => it.state === 'completed');
    await fetch(`${world.issuer().url}/operations`, {
      headers: { 'x-api-key': 'a-wrong-key-of-32-characters-1234' },
    });
    await world.network().chain.mine(8);
    await eventually(
      () => Promise.resolve(world.issuer().output.some((line) => line.includes('"transaction final"'))),
      'a transaction to be final',
    );
    output = world.issuer().output;
    await world.issuer().stop('SIGTERM');
    lines = output.map((line) => JSON.parse(line) as Line);
  });
  afterAll(async () => {
    await world.stop();
  });

  test('every example of the document is a line as it is really written', () => {
    expect(EXAMPLES.length).toBeGreaterThan(10);
    const shape = (line: Line): string =>
      JSON.stringify([line['level'], line['msg'], Object.keys(line).toSorted()]);
    const written = new Set(lines.map(shape));
    expect(EXAMPLES.map(shape).filter((it) => !written.has(it))).toEqual([]);
  });

  test('each operation has one line for each of its states, in order', () => {
    const moved = lines.filter((it) => it['operation'] !== undefined && it['from'] !== it['to']);
    const steps = (kind: string) =>
      Object.values(
        Object.groupBy(
          moved.filter((it) => it['kind'] === kind),
          (it) => it['operation'] as string,
        ),
      ).map((them) => them?.map((it) => it['to']).join(' '));
    expect(steps('mint')).toEqual([
      'requested journaled submitted minted completed',
      'requested journaled submitted minted completed',
    ]);
    expect(steps('redemption')).toEqual([
      'detected requested journaled burning completed',
      'detected requested rejected',
    ]);
  });

  test('polls are told of at debug only, and requests too', () => {
    const loud = lines.filter((it) => ['info', 'warn', 'error'].includes(String(it['level'])));
    expect(loud.length).toBeLessThan(60);
    expect(loud.filter((it) => it['msg'] === 'request answered')).toEqual([]);
    expect(lines.some((it) => it['msg'] === 'request answered' && it['level'] === 'debug')).toBe(true);
  });

  test('no line holds a secret, whoever said it', () => {
    const { keys } = world.partners;
    const named = ['EVM_PRIVATE_KEY', 'ALPACA_API_KEY', 'ALPACA_API_SECRET'].map((it) => world.env[it] ?? '');
    const [, key = '', secret = ''] = named;
    const secrets = [...named, keys.alpaca, keys.admin, Buffer.from(`${key}:${secret}`).toString('base64')];
    expect(secrets.filter((it) => it.length < 8)).toEqual([]);
    expect(secrets.filter((it) => output.some((line) => line.includes(it)))).toEqual([]);
    expect(output.some((line) => line.includes('no service for [secret]'))).toBe(true);
  });
});
