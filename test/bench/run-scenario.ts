import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Figures, Scenario } from './scenario.ts';

/** What a scenario gave. */
export interface Measured {
  readonly figures: Figures;
  readonly notes: readonly string[];
  /** Wall time of the whole scenario, its preparations included. */
  readonly tookMs: number;
}

/**
 * Runs one scenario, and ends all that it started.
 *
 * @throws Error when a figure is missing, no number, or none of its own.
 */
export async function runScenario(
  scenario: Scenario,
  options: { readonly quick: boolean; readonly progress: (text: string) => void },
): Promise<Measured> {
  const ends: (() => Promise<void> | void)[] = [];
  const notes: string[] = [];
  const startedMs = performance.now();
  try {
    const figures = await scenario.run({
      ...options,
      note: (text) => void notes.push(text),
      onEnd: (end) => void ends.push(end),
      folder() {
        const folder = mkdtempSync(join(tmpdir(), 'issuance-bench-'));
        ends.push(() => {
          rmSync(folder, { recursive: true, force: true });
        });
        return folder;
      },
    });
    requireAll(scenario, figures);
    return { figures, notes, tookMs: performance.now() - startedMs };
  } finally {
    await endAll(ends);
  }
}

async function endAll(ends: (() => Promise<void> | void)[]): Promise<void> {
  const failures: unknown[] = [];
  for (let end = ends.pop(); end !== undefined; end = ends.pop()) {
    try {
      await end();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw new AggregateError(failures, 'a scenario could not end what it had started');
}

function requireAll({ title, figures: specs }: Scenario, figures: Figures): void {
  const names = specs.map(({ name }) => name);
  const missing = names.filter((name) => !Number.isFinite(figures[name]));
  if (missing.length > 0) throw new Error(`'${title}' gave no number for ${missing.join(', ')}`);
  const foreign = Object.keys(figures).filter((name) => !names.includes(name));
  if (foreign.length > 0) throw new Error(`'${title}' gave ${foreign.join(', ')}, which it does not declare`);
}
