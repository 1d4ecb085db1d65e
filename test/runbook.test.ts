import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { GROUND_BOUNDS_MS, OPENING_BOUND_MS } from '../src/app/checks/overdue.ts';
import { STATE_BOUNDS_MS } from '../src/operation/stuck.ts';
import { ALARMS } from '../src/telemetry/alarms.ts';
import { runbookSections } from './runbook-sections.ts';

const docs = (name: string): string => readFileSync(join(import.meta.dirname, '..', 'docs', name), 'utf8');

/** Alarms of the log, and rules for Prometheus. */
const raised = [
  ...ALARMS,
  ...[...docs('alerts.yml').matchAll(/^ {6}- alert: (\w+)$/gm)].map(([, name = '']) => name),
];

test('every alarm has its section in the runbook, and every section its alarms', () => {
  const told = runbookSections().flatMap((it) => it.alarms);
  expect(told.toSorted()).toEqual(raised.toSorted());
});

test('every section says what it means, what to type and what to expect after', () => {
  const lacking = runbookSections().filter(
    (it) => it.commands.length === 0 || !it.text.includes('\nAfter: ') || it.text.length < 250,
  );
  expect(lacking.map((it) => it.title)).toEqual([]);
});

test('the runbook has the bound of every state', () => {
  const text = docs('runbook.md');
  const rows = [...text.matchAll(/^\| (\w+) \| (`[^|]+`) \| ([^|]+) \|/gm)].flatMap(
    ([, kind = '', states = '', takes = '']) =>
      [...states.matchAll(/`(\w+)`/g)].map(([, state = '']) => `${kind} ${state}: ${takes}`),
  );
  const bounds = {
    ...STATE_BOUNDS_MS,
    ...GROUND_BOUNDS_MS,
    network: { opening: OPENING_BOUND_MS, stopped: 0 },
  };
  const wanted = Object.entries(bounds).flatMap(([kind, states]) =>
    Object.entries(states).map(([state, ms]) => `${kind} ${state}: ${wordsFor(ms)}`),
  );
  expect(rows.toSorted()).toEqual(wanted.toSorted());
});

function wordsFor(ms: number): string {
  if (ms === 0) return 'needs a person at once';
  const minutes = ms / 60_000;
  if (minutes % 60 !== 0) return `${String(minutes)} minutes`;
  return minutes === 60 ? '1 hour' : `${String(minutes / 60)} hours`;
}
