import { parseArgs } from 'node:util';
import { drawSpec } from './draw.ts';
import { exhaustiveJobs } from './exhaustive.ts';
import type { Job } from './jobs.ts';
import { crashing } from './jobs.ts';
import { rowText } from './oracles/rows.ts';
import { runJobs } from './pool.ts';
import { showCoverage, showProgress } from './report.ts';
import { runSchedule } from './run.ts';
import { shrink } from './shrink.ts';
import type { Spec } from './spec.ts';
import type { Tally, Verdict } from './tally.ts';

/** `npm run sim`: schedules by the thousand, or one of them in every detail. Exit status 1 when a rule was broken. */

const HELP = `npm run sim -- [options]
  --seeds N          schedules to run (default 500), from --from on (default: a new place each day)
  --seed S           only this one, with its summary; with --trace every step
  --actions a,b      of that schedule, only these actions; --faults id,id only these faults
  --minutes M        begins no further schedule after so many minutes
  --go-on            does not stop at the first failure; lists them all
  --crashes          a crash before and after every I/O step of one mint and one redemption
  --pairs N          every N-th pair of crashes that leave something else behind than their neighbours; 1 for all
                     (--from: without so many at the beginning)
  --crash a,b        the round trip with crashes at these crash points; with --trace every step
  --no-shrink        do not look for a smaller schedule that fails too
`;

process.on('unhandledRejection', () => {});

const { values } = parseArgs({
  options: {
    seeds: { type: 'string' },
    from: { type: 'string' },
    seed: { type: 'string' },
    actions: { type: 'string' },
    faults: { type: 'string' },
    crashes: { type: 'boolean' },
    pairs: { type: 'string' },
    crash: { type: 'string' },
    minutes: { type: 'string' },
    'go-on': { type: 'boolean' },
    trace: { type: 'boolean' },
    'no-shrink': { type: 'boolean' },
    help: { type: 'boolean' },
  },
});

process.exitCode = await main();
process.exit();

async function main(): Promise<number> {
  if (values.help === true) {
    process.stdout.write(HELP);
    return 0;
  }
  if (values.seed !== undefined) return showOne(chosen(drawSpec(Number(values.seed))));
  if (values.crash !== undefined) return showOne(crashing(values.crash.split(',').map(Number)));
  if (values.crashes === true || values.pairs !== undefined) {
    const jobs = await exhaustiveJobs(values.pairs === undefined ? null : Number(values.pairs));
    return many(
      jobs.slice(Number(values.from ?? 0)),
      (verdict) => `npm run sim -- --crash ${verdict.at.join()} --trace`,
    );
  }
  const from =
    values.from === undefined ? Math.floor(Date.now() / 86_400_000) * 1_000_000 : Number(values.from);
  const seeds = Number(values.seeds ?? 500);
  const jobs = Array.from({ length: seeds }, (_, at): Job => ({ kind: 'seed', seed: from + at }));
  return many(jobs, null);
}

/** The schedule of a seed, or what of it was asked for. */
function chosen(spec: Spec): Spec {
  const actions = values.actions?.split(',').filter((it) => it !== '');
  return {
    ...spec,
    actions: actions === undefined ? spec.actions : actions.flatMap((it) => spec.actions[Number(it)] ?? []),
    only: values.faults === undefined ? null : values.faults.split(','),
  };
}

async function showOne(spec: Spec): Promise<number> {
  const onTrace = (line: string): void => void process.stdout.write(`${line}\n`);
  const result = await runSchedule(spec, values.trace === true ? { onTrace } : {});
  const { faults, injected, summary, traceHash, events } = result;
  const lines = [
    `set up: ${JSON.stringify(spec.networks)}`,
    ...spec.actions.map((action, at) => `action ${String(at)}: ${rowText(action)}`),
    ...injected.map((it) => `fault ${it.id} at ${(it.atMs / 1000).toFixed(3)} s: ${it.kind} ${it.what}`),
    ...summary.operations,
    ...summary.balances,
    `${String(events)} events, trace ${traceHash}`,
    ...(faults.length === 0 ? ['every rule holds'] : faults.map((it) => `BROKEN ${it}`)),
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
  return faults.length === 0 ? 0 : 1;
}

async function many(jobs: readonly Job[], replay: ((verdict: Verdict) => string) | null): Promise<number> {
  const progress = showProgress(jobs.length);
  const endMs = performance.now() + Number(values.minutes ?? Infinity) * 60_000;
  const tally = await runJobs({
    jobs,
    onVerdict: progress.took,
    isEnough: (verdict) =>
      (verdict.faults.length > 0 && values['go-on'] !== true) || performance.now() >= endMs,
  });
  progress.end();
  process.stdout.write(showCoverage(tally));
  const [first] = tally.failed;
  if (first === undefined) return 0;
  for (const { at, faults } of values['go-on'] === true ? tally.failed : [first])
    process.stdout.write(`\nschedule ${at.join()} broke a rule:\n  ${faults.join('\n  ')}\n`);
  if (values['go-on'] === true) return 1;
  process.stdout.write(replay === null ? await smallest(first) : `replay: ${replay(first)}\n`);
  return 1;
}

async function smallest({ at: [seed = 0] }: Tally['failed'][number]): Promise<string> {
  const whole = `replay: npm run sim -- --seed ${String(seed)} --trace\n`;
  if (values['no-shrink'] === true) return whole;
  const { spec, actions, faults, runs } = await shrink(drawSpec(seed));
  const ids = (spec.only ?? []).join();
  return [
    `shrunk in ${String(runs)} runs to ${String(actions.length)} actions and ${String(spec.only?.length ?? 0)} faults:`,
    ...faults.map((it) => `  ${it}`),
    `replay: npm run sim -- --seed ${String(seed)} --actions ${actions.join()} --faults '${ids}' --trace`,
    '',
  ].join('\n');
}
