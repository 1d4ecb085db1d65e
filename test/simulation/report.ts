import type { Tally, Verdict } from './tally.ts';

const BAR = 30;
const EVERY_MS = 500;

/** A bar on a terminal, and a line now and then elsewhere. */
export function showProgress(total: number): { took: (verdict: Verdict) => void; end: () => void } {
  const startedMs = performance.now();
  let done = 0;
  let failed = 0;
  let shownMs = 0;
  const isTerminal = process.stderr.isTTY;
  const show = (): void => {
    const share = total === 0 ? 1 : done / total;
    const bar = '#'.repeat(Math.round(share * BAR)).padEnd(BAR, '.');
    const perSecond = (done / Math.max(0.001, (performance.now() - startedMs) / 1000)).toFixed(1);
    const text = `[${bar}] ${String(done)}/${String(total)} ${perSecond} schedules/s, ${String(failed)} failed`;
    process.stderr.write(isTerminal ? `\r${text}` : `${text}\n`);
  };
  return {
    took(verdict) {
      done += 1;
      if (verdict.faults.length > 0) failed += 1;
      const nowMs = performance.now();
      if (nowMs - shownMs < (isTerminal ? EVERY_MS : 10 * EVERY_MS)) return;
      shownMs = nowMs;
      show();
    },
    end() {
      show();
      if (isTerminal) process.stderr.write('\n');
    },
  };
}

/** What was injected, and at which crash points in which states somebody crashed. */
export function showCoverage({ schedules, events, injected, crashed }: Tally): string {
  const rows = [...injected].sort(([, a], [, b]) => b - a).map(([kind, count]) => `${kind} ${String(count)}`);
  const points = new Map<string, Map<string, number>>();
  for (const [key, count] of crashed) {
    const [point = '', state = ''] = key.split(' | ');
    const states = points.get(point) ?? new Map<string, number>();
    states.set(state, (states.get(state) ?? 0) + count);
    points.set(point, states);
  }
  const lines = [...points]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([point, states]) => {
      const text = [...states]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([state, count]) => `${state} ${String(count)}`);
      return `  ${point}: ${text.join(', ')}`;
    });
  return [
    `${String(schedules)} schedules, ${String(events)} events`,
    `faults: ${rows.join(', ')}`,
    `crashes at ${String(crashed.size)} combinations of crash point and state:`,
    ...lines,
    '',
  ].join('\n');
}
