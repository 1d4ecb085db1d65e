import { describe, expect, test } from 'vitest';
import { createManualPorts } from '../ports/manual-ports.ts';
import { recordingLog } from './log.ts';
import { createPrometheus } from './prometheus.ts';
import { MOST_SERIES } from './series.ts';

function create() {
  const log = recordingLog();
  const { timers } = createManualPorts();
  return { log, metrics: createPrometheus({ timers, log }) };
}

const lines = (text: string, name: string): readonly string[] =>
  text.split('\n').filter((line) => line.startsWith(name));

describe('metrics in the text format of Prometheus', () => {
  test('counters, gauges and histograms carry their labels', async () => {
    const { metrics } = create();
    const taken = metrics.counter({ name: 'taken_total', help: 'Taken.', labels: ['kind', 'state'] });
    const held = metrics.gauge({ name: 'held', help: 'Held.', labels: ['kind'] });
    const took = metrics.histogram({ name: 'took_seconds', help: 'Took.', buckets: [1, 2] });
    taken.add(['mint', 'done']);
    taken.add(['mint', 'done'], 2);
    taken.add(['min', 'tdone']);
    held.set(['mint'], 7);
    took.observe([], 1.5);
    const text = await metrics.render();
    expect(lines(text, 'taken_total{')).toEqual([
      'taken_total{kind="mint",state="done"} 3',
      'taken_total{kind="min",state="tdone"} 1',
    ]);
    expect(lines(text, 'held')).toEqual(['held{kind="mint"} 7']);
    expect(lines(text, 'took_seconds_bucket')).toEqual([
      'took_seconds_bucket{le="1"} 0',
      'took_seconds_bucket{le="2"} 1',
      'took_seconds_bucket{le="+Inf"} 1',
    ]);
  });

  test('a gauge that is cleared shows only what is set anew', async () => {
    const { metrics } = create();
    const held = metrics.gauge({ name: 'held', help: 'Held.', labels: ['kind'] });
    held.set(['mint'], 7);
    held.set(['redemption'], 1);
    held.clear();
    held.set(['mint'], 8);
    expect(lines(await metrics.render(), 'held')).toEqual(['held{kind="mint"} 8']);
  });

  test('labels without bound are counted together once there are too many', async () => {
    const { metrics } = create();
    const asked = metrics.counter({ name: 'asked_total', help: 'Asked.', labels: ['path'] });
    for (let at = 0; at < MOST_SERIES + 500; at += 1) asked.add([`/${String(at)}`]);
    asked.add(['/0']);
    const text = await metrics.render();
    expect(lines(text, 'asked_total{')).toHaveLength(MOST_SERIES + 1);
    expect(text).toContain('asked_total{path="other"} 500');
    expect(text).toContain('asked_total{path="/0"} 2');
  });

  test('scrapes that come together are one, and a later one looks again', async () => {
    const { metrics } = create();
    const gate = Promise.withResolvers<void>();
    let looks = 0;
    const seen = metrics.gauge({ name: 'seen', help: 'Seen.' });
    metrics.onScrape(async () => {
      looks += 1;
      await gate.promise;
      seen.set([], looks);
    });
    const several = [metrics.render(), metrics.render(), metrics.render()];
    gate.resolve();
    expect(new Set(await Promise.all(several)).size).toBe(1);
    expect(looks).toBe(1);
    expect(await metrics.render()).toContain('seen 2');
  });

  test('what cannot be collected hides nothing else, and is told of once', async () => {
    const { metrics, log } = create();
    const seen = metrics.gauge({ name: 'seen', help: 'Seen.' });
    metrics.onScrape(() => Promise.reject(new Error('the store is closed')));
    metrics.onScrape(async () => {
      seen.set([], 1);
    });
    for (const errors of [1, 2]) {
      const text = await metrics.render();
      expect(text).toContain('seen 1');
      expect(text).toContain(`issuer_scrape_errors_total ${String(errors)}`);
    }
    expect(log.entries.map((it) => it.level)).toEqual(['warn', 'debug']);
  });
});
