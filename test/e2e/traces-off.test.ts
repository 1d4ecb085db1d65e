import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import type { OtlpReceiver } from './otlp-receiver.ts';
import { startOtlpReceiver } from './otlp-receiver.ts';
import type { World } from './world.ts';
import { eventually, startWorld } from './world.ts';

/** Has the service say what it loads. */
const RECORDED = `--import=${pathToFileURL(join(import.meta.dirname, 'record-modules.mjs')).href}`;

const SDK = /\/node_modules\/@opentelemetry\/(?!api\/)/;

let world: World;
let receiver: OtlpReceiver | null = null;
afterEach(async () => {
  await world.stop();
  await receiver?.stop();
  receiver = null;
});

const loaded = (): readonly string[] => world.issuer().output.filter((line) => line.startsWith('loaded '));

describe('traces', () => {
  test.for<[string, Record<string, string>]>([
    ['no collector is named', {}],
    [
      'they are switched off',
      { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318', OTEL_SDK_DISABLED: 'true' },
    ],
  ])('nothing of the SDK is loaded when %s', async ([, env]) => {
    world = await startWorld({ env: { NODE_OPTIONS: RECORDED, ...env } });
    await world.mint('1');
    expect(loaded().some((it) => it.includes('/fastify/'))).toBe(true);
    expect(loaded().filter((it) => SDK.test(it))).toEqual([]);
  });

  test('a collector that hangs delays neither the work nor the stop by more than its bound', async () => {
    receiver = await startOtlpReceiver();
    receiver.hang(true);
    world = await startWorld({
      env: {
        NODE_OPTIONS: RECORDED,
        OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
        OTEL_BSP_SCHEDULE_DELAY: '50',
      },
    });
    await world.mint('1');
    // That the test before would have seen it.
    expect(loaded().filter((it) => SDK.test(it)).length).toBeGreaterThan(3);
    expect(receiver.wire.length).toBeGreaterThan(0);
    expect(await world.issuer().stop('SIGTERM')).toBe(0);
    expect(world.issuer().output.some((line) => line.includes('the stop took too long'))).toBe(false);
    expect(receiver.spans).toEqual([]);
  });

  test('a collector that is not there is told of once, however often it is missed', async () => {
    receiver = await startOtlpReceiver();
    const { url } = receiver;
    await receiver.stop();
    world = await startWorld({
      env: {
        OTEL_EXPORTER_OTLP_ENDPOINT: url,
        OTEL_BSP_SCHEDULE_DELAY: '50',
        // One attempt a batch, so that several fail while the test looks.
        OTEL_EXPORTER_OTLP_TIMEOUT: '200',
      },
    });
    await world.mint('1');
    await world.mint('2');
    const lost = async (): Promise<number> => {
      const text = await (await fetch(`${world.issuer().url}/metrics`)).text();
      return Number(/^issuer_trace_spans_total\{outcome="lost"\} (\d+)$/m.exec(text)?.[1] ?? 0);
    };
    const first = await eventually(lost, 'spans to be lost');
    await world.mint('3');
    await eventually(async () => (await lost()) > first, 'more spans to be lost');
    const told = world.issuer().output.filter((line) => line.includes('traces do not reach'));
    expect(told).toHaveLength(1);
    expect(JSON.parse(told[0] ?? '')).toMatchObject({ level: 'warn', reason: expect.any(String) as string });
  });
});
