import { invariant } from '../primitives/failures.ts';
import type { MetricDefinition } from './metrics.ts';

/** Combinations of labels that one metric keeps apart. Past it, whatever is new is counted as `other`. */
export const MOST_SERIES = 1_000;

/** Gives each combination of labels its child of a metric, made once. */
export function createSeries<Child>(
  { name, labels: names = [] }: MetricDefinition,
  create: (labels: Record<string, string>) => Child,
): { of(values: readonly string[]): Child; forget(): void } {
  const known = new Map<string, Child>();
  const childOf = (values: readonly string[]): Child =>
    create(Object.fromEntries(names.map((label, at) => [label, values[at] ?? ''])));

  const add = (key: string, values: readonly string[]): Child => {
    invariant(values.length === names.length, `${name} has the labels ${names.join(', ')}`);
    if (known.size >= MOST_SERIES) return childOf(names.map(() => 'other'));
    const child = childOf(values);
    known.set(key, child);
    return child;
  };

  return {
    of(values) {
      // A text that no label holds keeps `a,b` + `c` and `a` + `b,c` apart.
      const key = values.length === 1 ? (values[0] ?? '') : values.join('\u0000');
      return known.get(key) ?? add(key, values);
    },
    forget() {
      known.clear();
    },
  };
}
