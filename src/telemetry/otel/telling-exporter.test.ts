import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace';
import { expect, test } from 'vitest';
import { recordingLog } from '../log.ts';
import { tellOfFailures } from './telling-exporter.ts';

test('a failure is told once, the return too, and every span is counted', async () => {
  const log = recordingLog();
  const counted: Record<string, number> = {};
  let isUp = true;
  const inner: SpanExporter = {
    export(_spans, done) {
      done(isUp ? { code: 0 } : { code: 1, error: new Error('connect ECONNREFUSED') });
    },
    shutdown: () => Promise.resolve(),
  };
  const exporter = tellOfFailures(inner, {
    log,
    spans: {
      add([outcome = ''], value = 1) {
        counted[outcome] = (counted[outcome] ?? 0) + value;
      },
    },
  });
  const spans = [{}, {}] as ReadableSpan[];
  const send = () => new Promise<number>((resolve) => exporter.export(spans, ({ code }) => resolve(code)));
  for (const up of [true, false, false, false, true, true]) {
    isUp = up;
    expect(await send()).toBe(up ? 0 : 1);
  }
  expect(counted).toEqual({ sent: 6, lost: 6 });
  expect(log.entries.map(({ level, fields }) => [level, fields['reason'] ?? null])).toEqual([
    ['warn', 'connect ECONNREFUSED'],
    ['info', null],
  ]);
});
