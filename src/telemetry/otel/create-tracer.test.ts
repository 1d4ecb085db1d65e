import { describe, expect, onTestFinished, test } from 'vitest';
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { createManualPorts } from '../../ports/manual-ports.ts';
import type { TracePoint } from '../trace.ts';
import { tracePointOf } from '../trace-points.ts';
import { createTracer } from './create-tracer.ts';
import { createDropQuiet } from './drop-quiet.ts';
import { createIds } from './ids.ts';
import type { Sampling } from './sampler.ts';
import { createSamplers } from './sampler.ts';

const SECRET = 'a-secret-of-many-letters';
const ALWAYS: Sampling = { root: 'always_on', parentBased: true, ratio: 1 };

function create(sampling: Sampling = ALWAYS) {
  const ports = createManualPorts({ startMs: 1_000_000 });
  const exporter = new InMemorySpanExporter();
  const quiet = createDropQuiet(new SimpleSpanProcessor({ exporter }));
  const ids = createIds(ports.random);
  const { root, all } = createSamplers(sampling);
  const provider = new TracerProvider({ sampler: all, idGenerator: ids, spanProcessors: [quiet] });
  onTestFinished(() => provider.shutdown());
  const tracer = createTracer({
    tracer: provider.getTracer('test'),
    ids,
    quiet,
    sampler: root,
    redact: (text) => text.replaceAll(SECRET, '[secret]'),
    ...ports,
  });
  const spans = () =>
    exporter.getFinishedSpans().map((it) => ({
      name: it.name,
      traceId: it.spanContext().traceId,
      spanId: it.spanContext().spanId,
      parent: it.parentSpanContext?.spanId ?? null,
      attributes: it.attributes,
      links: it.links.map(({ context }) => context.spanId),
      startMs: it.startTime[0] * 1_000 + it.startTime[1] / 1e6,
      tookMs: it.duration[0] * 1_000 + it.duration[1] / 1e6,
      status: it.status,
    }));
  return { tracer, ports, spans };
}

const OPERATION = tracePointOf('01234567-89ab-5def-8123-456789abcdef');

describe('the tracer', () => {
  test('what happens within a span has it as its parent, and outside of it none', async () => {
    const { tracer, spans } = create();
    await tracer.run({ name: 'outer', parent: null }, async () => {
      await Promise.resolve();
      await tracer.run({ name: 'inner' }, () => Promise.resolve());
    });
    await tracer.run({ name: 'later' }, () => Promise.resolve());
    const [inner, outer, later] = spans();
    expect(inner).toMatchObject({ name: 'inner', parent: outer?.spanId, traceId: outer?.traceId });
    expect(outer).toMatchObject({ name: 'outer', parent: null });
    expect(later?.traceId).not.toBe(outer?.traceId);
  });

  test('a span that has ended is nobody’s parent, although work that it began goes on', async () => {
    const { tracer, spans } = create();
    const gate = Promise.withResolvers<void>();
    let left = Promise.resolve();
    await tracer.run({ name: 'outer', parent: null }, () => {
      left = (async () => {
        await gate.promise;
        expect(tracer.current()).toBeNull();
        await tracer.run({ name: 'late' }, () => Promise.resolve());
      })();
      return Promise.resolve();
    });
    gate.resolve();
    await left;
    expect(spans().find((it) => it.name === 'late')).toMatchObject({ parent: null });
  });

  test('times are those of the ports, and last as long although the clock is set back', async () => {
    const { tracer, ports, spans } = create();
    const span = tracer.start({ name: 'slow', parent: null });
    await ports.advance(250);
    ports.setClock(5);
    span.end();
    span.end();
    expect(spans()).toMatchObject([{ startMs: 1_000_000, tookMs: 250 }]);
  });

  test('a span can be put at a place that was known beforehand', () => {
    const { tracer, spans } = create();
    const times = { startMs: 10, endMs: 30 };
    tracer.record({ name: 'mint', at: OPERATION, parent: null, ...times });
    tracer.record({ name: 'mint requested', parent: OPERATION, links: [tracePointOf('t')], ...times });
    const [first, second] = spans();
    expect(first).toMatchObject({ ...OPERATION, parent: null, startMs: 10, tookMs: 20 });
    expect(second).toMatchObject({ traceId: OPERATION.traceId, parent: OPERATION.spanId });
    expect(second?.spanId).not.toBe(OPERATION.spanId);
    expect(second?.links).toEqual([tracePointOf('t').spanId]);
  });

  test('secrets are blotted out of names, attributes and failures', async () => {
    const { tracer, spans } = create();
    const attributes = { text: `key ${SECRET}`, count: 7, absent: null };
    const failing = tracer.run({ name: SECRET, parent: null, attributes }, (span) => {
      span.set({ more: SECRET });
      return Promise.reject(new Error(`refused ${SECRET}`));
    });
    await expect(failing).rejects.toThrow('refused');
    expect(spans()).toMatchObject([
      {
        name: '[secret]',
        attributes: { text: 'key [secret]', count: 7, more: '[secret]' },
        status: { code: 2, message: 'refused [secret]' },
      },
    ]);
    expect(Object.keys(spans()[0]?.attributes ?? {})).not.toContain('absent');
  });
});

describe('a trace of polls', () => {
  const poll = { name: 'poll', parent: null, unlessQuiet: true };
  const steps = { name: 'ask' };

  test('is dropped when nothing came of it', async () => {
    const { tracer, spans } = create();
    await tracer.run(poll, () => tracer.run(steps, () => Promise.resolve()));
    expect(spans()).toEqual([]);
  });

  test('is kept whole when it asks for it, or something in it failed', async () => {
    const { tracer, spans } = create();
    await tracer.run(poll, async () => {
      await tracer.run(steps, () => Promise.resolve());
      tracer.current()?.keep();
    });
    const refused = (): Promise<void> => Promise.reject(new Error('down'));
    await tracer.run(poll, async () => {
      await expect(tracer.run(steps, refused)).rejects.toThrow('down');
    });
    expect(spans().map((it) => it.name)).toEqual(['ask', 'poll', 'ask', 'poll']);
  });
});

describe('sampling', () => {
  const record = (sampling: Sampling, parent: TracePoint) => {
    const { tracer, spans } = create(sampling);
    tracer.record({ name: 'child', parent, startMs: 0, endMs: 0 });
    return spans().length === 1;
  };
  const ids = Array.from({ length: 400 }, (_, at) => tracePointOf(`operation ${String(at)}`));

  test('by ratio decides by the id alone, so that all processes agree', () => {
    const half: Sampling = { root: 'traceidratio', parentBased: true, ratio: 0.5 };
    const taken = ids.filter((it) => record(half, it));
    expect(taken.length).toBeGreaterThan(120);
    expect(taken.length).toBeLessThan(280);
    expect(ids.filter((it) => record({ ...half, parentBased: false }, it))).toEqual(taken);
  });

  test('a caller’s decision holds where it is believed', () => {
    const [one = OPERATION] = ids;
    expect(record(ALWAYS, { ...one, sampled: false })).toBe(false);
    expect(record({ ...ALWAYS, parentBased: false }, { ...one, sampled: false })).toBe(true);
    expect(record({ ...ALWAYS, root: 'always_off' }, { ...one, sampled: true })).toBe(true);
    expect(record({ ...ALWAYS, root: 'always_off' }, one)).toBe(false);
  });
});
