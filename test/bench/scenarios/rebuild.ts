import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Scenario } from '../scenario.ts';
import { median } from '../scenario.ts';
import { seedMints, withStore } from '../seed-mints.ts';

const MAIN = join(import.meta.dirname, '..', '..', '..', 'src', 'main.js');
const ROUNDS = 3;
const EVENTS = 1_000_000;
const EVENTS_OF_A_MINT = 6;

/** `issuer views rebuild`, from the start of the program to its end. */
export const rebuildViews: Scenario = {
  title: 'Rebuild of all views',
  figures: [
    {
      name: 'rebuild_1m_s',
      what: '1,000,000 events of finished mints into all projections, by the command',
      unit: 's',
      target: { atMost: 15 },
      limit: 'Reading and folding the events takes most, on one thread; then the rows with their indexes.',
    },
  ],
  async run(context) {
    const path = join(context.folder(), 'rebuild.db');
    context.progress('a log is written');
    const finished = context.quick ? 20 : Math.ceil(EVENTS / EVENTS_OF_A_MINT);
    await withStore(path, (store) => seedMints(store, { finished, open: 0 }));
    const seconds: number[] = [];
    for (let round = 0; round < (context.quick ? 1 : ROUNDS); round += 1) {
      const startedMs = performance.now();
      await promisify(execFile)(process.execPath, [MAIN, 'views', 'rebuild'], {
        env: { ...process.env, DATABASE_URL: `sqlite:${path}` },
      });
      seconds.push((performance.now() - startedMs) / 1000);
    }
    context.note(`In seconds: ${seconds.map((it) => it.toFixed(1)).join(', ')}.`);
    return { rebuild_1m_s: median(seconds) };
  },
};
