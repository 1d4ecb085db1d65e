import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startVitest } from 'vitest/node';

/** `npm run crash`: kills the real service under load, as often as you like. Exit status 1 when a rule was broken. */

const HELP = `npm run crash -- [options]
  --kills N   how often the service is killed (default 1000); the books are compared after every 50
  --seed S    the first 50 follow from this seed, the next from the one after it (default 1)
`;

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '1000' },
    seed: { type: 'string', default: '1' },
    help: { type: 'boolean' },
  },
});

if (values.help === true) {
  process.stdout.write(HELP);
} else if (![values.kills, values.seed].every((it) => /^\d+$/.test(it)) || Number(values.kills) === 0) {
  process.stderr.write(`--kills and --seed are whole numbers.\n${HELP}`);
  process.exitCode = 2;
} else {
  process.env['CRASH_KILLS'] = values.kills;
  process.env['CRASH_SEED'] = values.seed;
  const root = join(import.meta.dirname, '..', '..');
  const vitest = await startVitest([join(root, 'test/crash/kills.test.ts')], {
    root,
    run: true,
    watch: false,
    project: ['crash'],
  });
  await vitest.close();
}
