import { join } from 'node:path';
import { SCHEMA } from '../../../src/app/schema.ts';
import { createLedger } from '../../../src/event-store/create-ledger.ts';
import type { FigureSpec, Scenario, ScenarioContext } from '../scenario.ts';
import { median } from '../scenario.ts';
import { repeat, requestMint, SEED, withStore } from '../seed-mints.ts';

const ROUNDS = 3;
/** Not counted: until the code is compiled. */
const WARM_UP = 2_000;
const WIDTHS = [
  { waiting: 1, operations: 6_000, atLeast: 4_000, limit: 'The flush that each of them waits for.' },
  { waiting: 10, operations: 20_000, atLeast: 15_000, limit: 'The flush, shared by ten.' },
  {
    waiting: 100,
    operations: 40_000,
    atLeast: 30_000,
    limit: 'Processor time of one thread: SQLite’s trees, of which the one that keeps ids unique takes half.',
  },
] as const;

/** New operations through the ledger: an event, a row for the lists, a row of work each. */
export const append: Scenario = {
  title: 'Commits of new operations',
  figures: WIDTHS.map(({ waiting, atLeast, limit }): FigureSpec => ({
    name: nameOf(waiting),
    what: `new operations with both of their rows, ${String(waiting)} waiting together`,
    unit: 'events/s',
    target: { atLeast },
    limit,
  })),
  async run(context) {
    const figures: Record<string, number> = {};
    for (const { waiting, operations } of WIDTHS) {
      const count = context.quick ? 20 : operations;
      const rounds: { perSecond: number; cpuUs: number }[] = [];
      for (let round = 0; round < (context.quick ? 1 : ROUNDS); round += 1) {
        rounds.push(await measure(context, waiting, count));
      }
      figures[nameOf(waiting)] = median(rounds.map((it) => it.perSecond));
      const each = rounds.map((it) => Math.round(it.perSecond).toLocaleString('en-US')).join(', ');
      const cpuUs = median(rounds.map((it) => it.cpuUs));
      context.note(
        `${String(waiting)} together: ${each} a second; ${cpuUs.toFixed(0)} µs of processor time each.`,
      );
    }
    return figures;
  },
};

function nameOf(waiting: number): string {
  return `append_${String(waiting)}`;
}

async function measure(context: ScenarioContext, waiting: number, count: number) {
  return withStore(join(context.folder(), 'append.db'), async (store) => {
    const ledger = createLedger(store, SCHEMA);
    await repeat(context.quick ? 1 : WARM_UP, 100, () => requestMint(ledger, SEED));
    const [startedMs, cpuBefore] = [performance.now(), process.cpuUsage()];
    await repeat(count, waiting, () => requestMint(ledger, SEED));
    const { user, system } = process.cpuUsage(cpuBefore);
    return { perSecond: (count * 1000) / (performance.now() - startedMs), cpuUs: (user + system) / count };
  });
}
