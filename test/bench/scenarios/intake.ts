import { copyFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { startIssuerProcess } from '../../e2e/issuer-process.ts';
import type { World } from '../../e2e/world.ts';
import { startWorld } from '../../e2e/world.ts';
import { loadMints } from '../load/mint-load.ts';
import type { Load } from '../load/start-load.ts';
import { processorMs } from '../process-facts.ts';
import type { Scenario, ScenarioContext } from '../scenario.ts';
import { median } from '../scenario.ts';
import { seedMints, withStore } from '../seed-mints.ts';

const UNGROUPED = join(import.meta.dirname, '..', 'serve-ungrouped.ts');
const PAIRS = 5;
const ROUNDS = 3;
const WARM_UP = 8_000;
const REQUESTS = 40_000;
const UNGROUPED_REQUESTS = 10_000;
const STORED = 500_000;

interface Measured {
  readonly load: Load;
  readonly cpuUs: number;
}

/** Alpaca's mint requests over HTTP, each answered after its flush; the load shares the processors with the service. */
export const intake: Scenario = {
  title: 'Intake of mint requests',
  figures: [
    {
      name: 'intake_per_s',
      what: 'mint requests answered after their flush, 64 connections, fresh database',
      unit: '/s',
      target: { atLeast: 8_000 },
      limit: 'Processor time of one thread: a third of it is HTTP, a third the commit.',
    },
    {
      name: 'intake_p99_ms',
      what: 'the slowest of a hundred of them',
      unit: 'ms',
      target: { atMost: 25 },
      limit: 'Moving the write-ahead log into the database, which the commit that does it waits for.',
    },
    {
      name: 'intake_grouped_over_ungrouped',
      what: 'how many times as many as when each is flushed by itself, pairs taken in turn',
      unit: '×',
      target: { atLeast: 4 },
      limit: 'What a request costs besides its flush.',
    },
    {
      name: 'intake_500k_per_s',
      what: 'the same with 500,000 finished operations stored',
      unit: '/s',
      target: { atLeast: 6_000 },
      limit: 'As above; the tree that keeps ids unique is larger than the cache.',
    },
  ],
  async run(context) {
    const world = await startWorld({ shares: '1000000000' });
    context.onEnd(() => world.stop());
    await world.issuer().stop('SIGTERM');
    copyFileSync(world.databasePath, freshOf(world));
    const [grouped, ungrouped]: [Measured[], Measured[]] = [[], []];
    for (let pair = 1; pair <= (context.quick ? 1 : PAIRS); pair += 1) {
      grouped.push(await onFresh(context, world, REQUESTS));
      ungrouped.push(await onFresh(context, world, UNGROUPED_REQUESTS, UNGROUPED));
      context.progress(
        `pair ${String(pair)}: ${perSecond(grouped)} with groups, ${perSecond(ungrouped)} without`,
      );
    }
    const stored = await withStored(context, world);
    tell(context, 'With groups', grouped);
    tell(context, 'Without', ungrouped);
    tell(context, 'With 500,000 stored', stored);
    const factors = grouped.map(
      ({ load }, at) => load.perSecond / (ungrouped[at]?.load.perSecond ?? Number.NaN),
    );
    return {
      intake_per_s: median(grouped.map(({ load }) => load.perSecond)),
      intake_p99_ms: median(grouped.map(({ load }) => load.latencyMs.p99)),
      intake_grouped_over_ungrouped: median(factors),
      intake_500k_per_s: median(stored.map(({ load }) => load.perSecond)),
    };
  },
};

function perSecond(measured: readonly Measured[]): string {
  return Math.round(measured.at(-1)?.load.perSecond ?? 0).toLocaleString('en-US');
}

function tell(context: ScenarioContext, what: string, measured: readonly Measured[]): void {
  const list = measured.map(({ load }) => Math.round(load.perSecond).toLocaleString('en-US')).join(', ');
  const cpuUs = median(measured.map((it) => it.cpuUs));
  const p99 = measured.map(({ load }) => load.latencyMs.p99.toFixed(0)).join(', ');
  context.note(
    `${what}: ${list} a second, the slowest of a hundred after ${p99} ms; the service takes ${cpuUs.toFixed(0)} µs ` +
      'of processor time for each.',
  );
}

/** The world's database with an account and an asset, as it was before anything was measured. */
function freshOf(world: World): string {
  return `${world.databasePath}.fresh`;
}

/** Writes it over the world's own file: in another, a copy would be refused. */
function refresh(world: World): void {
  for (const suffix of ['-wal', '-shm']) rmSync(`${world.databasePath}${suffix}`, { force: true });
  copyFileSync(freshOf(world), world.databasePath);
}

/** Measures on the fresh database. */
async function onFresh(
  context: ScenarioContext,
  world: World,
  requests: number,
  program?: string,
): Promise<Measured> {
  refresh(world);
  const [measured] = await serveOn(context, world, { requests, rounds: 1, program });
  if (measured === undefined) throw new Error('nothing was measured');
  return measured;
}

async function withStored(context: ScenarioContext, world: World): Promise<readonly Measured[]> {
  refresh(world);
  context.progress('500,000 finished operations are stored');
  await withStore(world.databasePath, (store) =>
    seedMints(store, { finished: context.quick ? 20 : STORED, open: 0 }),
  );
  const rounds = context.quick ? 1 : ROUNDS;
  return serveOn(context, world, { requests: REQUESTS, rounds, program: undefined });
}

async function serveOn(
  context: ScenarioContext,
  world: World,
  how: {
    readonly requests: number;
    readonly rounds: number;
    readonly program: string | undefined;
  },
): Promise<readonly Measured[]> {
  const env = { ...world.env, PORT: '0' };
  const issuer = await startIssuerProcess(env, [], how.program);
  const served = { ...world, issuer: () => issuer };
  try {
    await loadMints(served, context.quick ? 20 : WARM_UP);
    const measured: Measured[] = [];
    for (let round = 0; round < how.rounds; round += 1) {
      const count = context.quick ? 20 : how.requests;
      const before = processorMs(issuer.pid);
      const load = await loadMints(served, count);
      measured.push({ load, cpuUs: ((processorMs(issuer.pid) - before) * 1000) / count });
    }
    return measured;
  } finally {
    await issuer.stop('SIGTERM');
  }
}
