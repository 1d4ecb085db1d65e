import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import dashboard from '../docs/dashboard.json' with { type: 'json' };
import { createTelemetry } from '../src/app/telemetry.ts';
import { systemTimers } from '../src/ports/system.ts';
import { silentLog } from '../src/telemetry/log.ts';
import type { MetricDescription } from '../src/telemetry/prometheus.ts';

const { prometheus } = createTelemetry({ timers: systemTimers, log: silentLog });
prometheus.addProcessMetrics();
const known = new Map(prometheus.describe().map((it) => [it.name, it]));

/** Metric and labels of each selector of an expression. */
function selectors(
  expression: string,
): readonly { readonly name: string; readonly labels: readonly string[] }[] {
  const found = expression.matchAll(/\b((?:issuer|process|nodejs)_\w+)(?:\{([^}]*)\})?/g);
  return [...found].map(([, name = '', matchers = '']) => ({
    name,
    labels: [...matchers.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)].map(([, label = '']) => label),
  }));
}

/** A histogram is asked for by its parts. */
function metricOf(name: string): MetricDescription | undefined {
  const whole = name.replace(/_(bucket|sum|count)$/, '');
  return known.get(name) ?? (known.get(whole)?.type === 'histogram' ? known.get(whole) : undefined);
}

/** What is wrong with an expression. */
function faults(expression: string): readonly string[] {
  const found = selectors(expression);
  if (found.length === 0) return ['no metric of ours'];
  const wrong = found.flatMap(({ name, labels }) => {
    const metric = metricOf(name);
    if (metric === undefined) return [`there is no ${name}`];
    const whole = metric.type === 'histogram' && name === metric.name;
    return [
      ...(whole ? [`${name} is a histogram: ask for its parts`] : []),
      ...labels.filter((it) => !metric.labels.includes(it)).map((it) => `${name} has no label ${it}`),
    ];
  });
  // What is grouped by must be a label of something in the expression, or nothing would be left.
  const labels = new Set(['le', ...found.flatMap(({ name }) => metricOf(name)?.labels ?? [])]);
  const grouped = [...expression.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, list = '']) => list.split(', '));
  return [...wrong, ...grouped.filter((it) => !labels.has(it)).map((it) => `nothing has the label ${it}`)];
}

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly text: string;
}

/** The rules of the file, by its indentation. */
function rules(): readonly Rule[] {
  const text = readFileSync(join(import.meta.dirname, '..', 'docs', 'alerts.yml'), 'utf8');
  return text
    .split(/^ {6}- alert: /m)
    .slice(1)
    .map((rule) => ({
      alert: rule.split('\n')[0] ?? '',
      expr: /^ {8}expr: (.+)$/m.exec(rule)?.[1] ?? '',
      text: rule,
    }));
}

describe('the alert rules', () => {
  // The scraper's own metric says that we do not answer.
  const own = rules().filter((it) => !it.expr.startsWith('up{'));

  test('look at metrics that exist, by labels that they have', () => {
    expect(own.map((it) => [it.alert, faults(it.expr)])).toEqual(own.map((it) => [it.alert, []]));
  });

  test('have a name of their own, a severity and a summary', () => {
    const all = rules();
    expect(all.length).toBeGreaterThan(20);
    expect(new Set(all.map((it) => it.alert)).size).toBe(all.length);
    const parts = [/^ {8}labels: \{ severity: (page|ticket) \}$/m, /^ {10}summary: \S/m];
    expect(all.filter((it) => !parts.every((part) => part.test(it.text))).map((it) => it.alert)).toEqual([]);
  });
});

describe('the dashboard', () => {
  test('shows metrics that exist, by labels that they have', () => {
    const shown = dashboard.panels.flatMap((it) =>
      (it.targets ?? []).map(({ expr }) => [it.title, expr] as const),
    );
    expect(shown.length).toBeGreaterThan(20);
    expect(shown.flatMap(([title, expr]) => faults(expr).map((it) => `${title}: ${it}`))).toEqual([]);
  });

  test('every panel has a number of its own', () => {
    expect(new Set(dashboard.panels.map((it) => it.id)).size).toBe(dashboard.panels.length);
  });
});
