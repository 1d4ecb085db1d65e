import { startWorld } from '../../e2e/world.ts';
import { loadMints } from '../load/mint-load.ts';
import { residentMb } from '../process-facts.ts';
import type { Scenario } from '../scenario.ts';

const OPERATIONS = 420_000;
const PORTIONS = 7;
/** After a portion the service is left alone for so long, as between two bursts of a day. */
const REST_MS = 2_000;

/** What the service holds in memory when it has taken in very many operations, all of them still open. */
export const memory: Scenario = {
  title: 'Memory after many operations',
  figures: [
    {
      name: 'rss_420k_mb',
      what: 'resident memory of the service after 420,000 mint requests over HTTP, all of them open',
      unit: 'MB',
      target: { atMost: 200 },
      limit: 'The engine of JavaScript itself, and what it keeps ready for the next burst.',
    },
  ],
  async run(context) {
    const portion = context.quick ? 20 : OPERATIONS / PORTIONS;
    const world = await startWorld({ shares: '1000000000' });
    context.onEnd(() => world.stop());
    const { pid } = world.issuer();
    const sizes: string[] = [];
    let lastMb = 0;
    for (let at = 1; at <= PORTIONS; at += 1) {
      await loadMints(world, portion);
      await new Promise((resolve) => setTimeout(resolve, context.quick ? 1 : REST_MS));
      lastMb = residentMb(pid);
      sizes.push(lastMb.toFixed(0));
      context.progress(`${String(at * portion)} operations: ${lastMb.toFixed(0)} MB`);
    }
    context.note(`In MB after each ${portion.toLocaleString('en-US')} of them: ${sizes.join(', ')}.`);
    return { rss_420k_mb: lastMb };
  },
};
