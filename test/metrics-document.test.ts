import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createTelemetry } from '../src/app/telemetry.ts';
import { systemTimers } from '../src/ports/system.ts';
import { silentLog } from '../src/telemetry/log.ts';

const DOCS = join(import.meta.dirname, '..', 'docs');

interface Documented {
  readonly name: string;
  readonly type: string;
  readonly labels: readonly string[];
  readonly meaning: string;
  readonly worry: string;
}

/** Rows of the document's tables. */
function documented(): readonly Documented[] {
  const text = readFileSync(join(DOCS, 'metrics.md'), 'utf8');
  return text
    .split('\n')
    .map((line) => line.split('|').map((cell) => cell.trim()))
    .filter((cells) => cells[1]?.startsWith('`') === true)
    .map(([, name = '', type = '', labels = '', meaning = '', worry = '']) => ({
      name: name.replaceAll('`', ''),
      type,
      labels: labels.split(/[ ,`]+/).filter((it) => it !== '' && it !== '—'),
      meaning,
      worry,
    }));
}

function registered() {
  const { prometheus } = createTelemetry({ timers: systemTimers, log: silentLog });
  prometheus.addProcessMetrics();
  return prometheus.describe();
}

describe('the document of metrics', () => {
  test('names every metric there is, and none that there is not', () => {
    const names = registered().map((it) => it.name);
    expect(
      documented()
        .map((it) => it.name)
        .toSorted(),
    ).toEqual(names.toSorted());
    expect(names.filter((it) => it.startsWith('issuer_')).length).toBeGreaterThanOrEqual(40);
  });

  test('gives each its type, its labels, what it means and when to worry', () => {
    const told = documented().map(({ name, type, labels }) => ({ name, type, labels }));
    const are = registered().map(({ name, type, labels }) => ({ name, type, labels }));
    expect(new Set(told)).toEqual(new Set(are));
    expect(documented().filter((it) => it.meaning.length < 6 || it.worry === '')).toEqual([]);
  });

  test('every name of ours says area and unit as Prometheus wants it, and its help is a sentence', () => {
    const ours = registered().filter((it) => it.name.startsWith('issuer_'));
    expect(ours.filter((it) => !/^issuer_[a-z0-9_]+$/.test(it.name))).toEqual([]);
    expect(ours.filter((it) => it.name.endsWith('_total') !== (it.type === 'counter'))).toEqual([]);
    expect(ours.filter((it) => /_(ms|milliseconds|minutes|kb|mb)(_|$)/.test(it.name))).toEqual([]);
    expect(ours.filter((it) => !it.help.endsWith('.'))).toEqual([]);
  });
});
