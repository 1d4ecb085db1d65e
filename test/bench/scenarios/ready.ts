import { startIssuerProcess } from '../../e2e/issuer-process.ts';
import { startWorld } from '../../e2e/world.ts';
import type { Scenario } from '../scenario.ts';
import { median } from '../scenario.ts';
import { seedMints, withStore } from '../seed-mints.ts';

const ROUNDS = 5;
const FINISHED = 100_000;
const OPEN = 1_000;

/** From the start of the process until the service says that it is ready. */
export const ready: Scenario = {
  title: 'Start on a database that is in use',
  figures: [
    {
      name: 'ready_100k_ms',
      what: 'start to ready with 100,000 finished and 1,000 open operations',
      unit: 'ms',
      target: { atMost: 1_000 },
      limit: 'Loading the program: Node itself, and a thousand modules.',
    },
  ],
  async run(context) {
    const world = await startWorld();
    context.onEnd(() => world.stop());
    await world.issuer().stop('SIGTERM');
    context.progress('operations are stored');
    const counts = context.quick ? { finished: 20, open: 5 } : { finished: FINISHED, open: OPEN };
    await withStore(world.databasePath, (store) => seedMints(store, counts));
    const times: number[] = [];
    for (let round = 0; round <= (context.quick ? 1 : ROUNDS); round += 1) {
      const startedMs = performance.now();
      const issuer = await startIssuerProcess({ ...world.env, PORT: '0' });
      const answer = await fetch(`${issuer.url}/ready`);
      // The first start may still compile what later ones find compiled.
      if (round > 0) times.push(performance.now() - startedMs);
      await issuer.stop('SIGTERM');
      if (answer.status !== 200) throw new Error(`not ready: ${await answer.text()}`);
    }
    context.note(`In ms: ${times.map((it) => it.toFixed(0)).join(', ')}.`);
    return { ready_100k_ms: median(times) };
  },
};
