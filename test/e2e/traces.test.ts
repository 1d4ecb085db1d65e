import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { answers } from '../../src/sandbox/alpaca/quirks.ts';
import type { OtlpReceiver, ReceivedSpan } from './otlp-receiver.ts';
import { startOtlpReceiver } from './otlp-receiver.ts';
import type { World } from './world.ts';
import { eventually, startWorld } from './world.ts';

const COLLECTOR_KEY = 'collector-token-that-nobody-may-see';

/** 32 hex digits of an operation's UUID: its trace. */
const traceOf = (id: string): string => id.replaceAll('-', '');

/** Names with how often each occurs. */
function countNames(spans: readonly ReceivedSpan[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { name } of spans) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

describe('traces of a mint and a redemption, with a restart between', () => {
  let receiver: OtlpReceiver;
  let world: World;
  let mintId: string;
  let redemptionId: string;
  const ofTrace = (traceId: string) => receiver.spans.filter((it) => it.traceId === traceId);
  const linksTo = (span: ReceivedSpan, traceId: string) => span.links.some((it) => it.traceId === traceId);
  const stepsOf = (name: string) => receiver.spans.filter((it) => it.name === name);
  const transactionsOf = (operation: string) =>
    receiver.spans.filter((it) => it.name === 'transaction' && linksTo(it, traceOf(operation)));

  beforeAll(async () => {
    receiver = await startOtlpReceiver();
    world = await startWorld({
      env: {
        OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
        OTEL_EXPORTER_OTLP_HEADERS: `authorization=Bearer%20${COLLECTOR_KEY}`,
        OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test',
        OTEL_BSP_SCHEDULE_DELAY: '50',
      },
    });
    // Alpaca cannot be told before the next process tries.
    const { script } = world.partners.alpaca;
    script.add({ endpoint: 'callback_mint', times: 'always', do: { reply: answers.unavailable } });
    await world.orderMint('10');
    mintId = (await world.operation('kind=mint', (it) => it.state === 'minted')).id;
    await eventually(() => Promise.resolve(stepsOf('step mint minted').length > 0), 'a callback that failed');
    await world.restart('SIGTERM');
    script.clear();
    await world.operation('kind=mint', (it) => it.state === 'completed');
    const hash = await world.sendBack('4');
    const done = await world.operation(`kind=redemption&tx_hash=${hash}`, (it) => it.state === 'completed');
    redemptionId = done.id;
    await world.network().chain.mine(8);
    await eventually(
      () => Promise.resolve(stepsOf('transaction mined').length === 2),
      'both transactions to be final',
    );
    await world.issuer().stop('SIGTERM');
  });
  afterAll(async () => {
    await world.stop();
    await receiver.stop();
  });

  test('every span of the mint, by either process, is in the trace of its id', () => {
    const spans = ofTrace(traceOf(mintId));
    expect(countNames(spans)).toMatchObject({
      mint: 1,
      'mint requested': 1,
      'mint journaled': 1,
      'mint submitted': 1,
      'mint minted': 1,
      'mint completed': 1,
    });
    const [first] = spans.filter((it) => it.name === 'mint');
    expect(first).toMatchObject({ parentSpanId: '', spanId: traceOf(mintId).slice(16) });
    expect(stepsOf('step mint minted').length).toBeGreaterThan(1);
    expect(new Set(spans.map((it) => it.resource['service.instance.id'])).size).toBe(2);
  });

  test('parents lead from every span of an operation to its first one', () => {
    for (const id of [mintId, redemptionId]) {
      const spans = ofTrace(traceOf(id));
      const byId = new Map(spans.map((it) => [it.spanId, it]));
      const lost = spans.filter((it) => it.parentSpanId !== '' && !byId.has(it.parentSpanId));
      expect(lost.map((it) => it.name)).toEqual([]);
      expect(spans.filter((it) => it.parentSpanId === '')).toHaveLength(1);
    }
  });

  test('a call to Alpaca stands below the step that made it, with what came of it', () => {
    const spans = ofTrace(traceOf(mintId));
    const stepOf = (name: string) => {
      const call = spans.find((it) => it.name === name);
      const step = spans.find((it) => it.spanId === call?.parentSpanId);
      return { call, step };
    };
    const told = stepOf('alpaca mint_callback');
    expect(told.call).toMatchObject({ status: 2, attributes: { 'http.response.status_code': 503 } });
    expect(told.step).toMatchObject({ name: 'step mint minted', status: 2 });
    // The next process asked first.
    const asked = stepOf('alpaca get_request');
    expect(asked.call).toMatchObject({ status: 0, attributes: { 'http.response.status_code': 200 } });
    expect(asked.step?.attributes).toMatchObject({ 'issuer.outcome': 'advanced' });
  });

  test('the states of the redemption are as long as they lasted, one after the other', () => {
    const spans = ofTrace(traceOf(redemptionId)).filter((it) => it.name.startsWith('redemption '));
    const states = spans.toSorted((a, b) => a.startMs - b.startMs || a.endMs - b.endMs);
    expect(states.map((it) => it.name)).toEqual([
      'redemption detected',
      'redemption requested',
      'redemption journaled',
      'redemption burning',
      'redemption completed',
    ]);
    for (const [at, state] of states.slice(1).entries()) expect(state.startMs).toBe(states[at]?.endMs);
  });

  test('the request has a trace of its own, linked with the mint both ways', () => {
    const request = receiver.spans.find(
      (it) => it.name === 'POST /tokenization/mint' && linksTo(it, traceOf(mintId)),
    );
    expect(request).toMatchObject({ kind: 2, parentSpanId: '' });
    expect(request?.attributes).toMatchObject({ 'http.response.status_code': 200, 'issuer.actor': 'alpaca' });
    const [first] = ofTrace(traceOf(mintId)).filter((it) => it.name === 'mint');
    expect(first?.links).toContainEqual(
      expect.objectContaining({ traceId: request?.traceId, spanId: request?.spanId }),
    );
  });

  test('a transaction links to every operation in it, and they to it', () => {
    for (const id of [mintId, redemptionId]) {
      const [transaction, ...more] = transactionsOf(id);
      expect(more).toEqual([]);
      expect(transaction?.parentSpanId).toBe('');
      const traceId = transaction?.traceId ?? '';
      expect(countNames(ofTrace(traceId))).toMatchObject({
        'transaction pending': 1,
        'transaction mined': 1,
      });
      const left = ofTrace(traceOf(id)).filter((it) => / (journaled|submitted|burning)$/.test(it.name));
      expect(left.some((it) => linksTo(it, traceId))).toBe(true);
    }
  });

  test('requests to nodes stand below the step that made them', () => {
    const calls = receiver.spans.filter((it) => it.name.startsWith('rpc '));
    expect(calls.length).toBeGreaterThan(5);
    const steps = new Map(receiver.spans.map((it) => [it.spanId, it.name]));
    expect(calls.filter((it) => it.parentSpanId === '')).toEqual([]);
    expect(calls.map((it) => steps.get(it.parentSpanId) ?? '').some((it) => it.startsWith('step lane'))).toBe(
      true,
    );
    expect(calls[0]?.attributes).toMatchObject({ 'rpc.system.name': 'jsonrpc', 'issuer.network': 'base' });
  });

  test('polls that found nothing leave no trace', () => {
    const roots = receiver.spans.filter((it) => it.parentSpanId === '' && it.name.startsWith('step watch'));
    // The one that saw the transfer is kept; hundreds of others were taken meanwhile.
    expect(roots.filter((it) => linksTo(it, traceOf(redemptionId)))).toHaveLength(1);
    expect(roots.length).toBeLessThan(20);
  });

  test('the collector gets its header, and no span a secret', () => {
    expect(receiver.wire[0]).toContain(`Bearer ${COLLECTOR_KEY}`);
    const bodies = receiver.wire.map((it) => it.slice(it.indexOf('\n')));
    const { keys } = world.partners;
    const secrets = [
      COLLECTOR_KEY,
      keys.alpaca,
      keys.admin,
      ...['EVM_PRIVATE_KEY', 'ALPACA_API_KEY', 'ALPACA_API_SECRET'].map((name) => world.env[name] ?? ''),
    ];
    expect(secrets.filter((it) => it.length < 8)).toEqual([]);
    expect(secrets.filter((it) => bodies.some((body) => body.includes(it)))).toEqual([]);
    expect(receiver.spans[0]?.resource).toMatchObject({
      'service.name': 'issuance',
      'deployment.environment.name': 'test',
    });
  });
});
