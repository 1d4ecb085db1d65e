import type { ChildProcess } from 'node:child_process';
import { fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Job } from './jobs.ts';
import type { Tally, Verdict } from './tally.ts';
import { createTally } from './tally.ts';

const WORKER = join(import.meta.dirname, 'worker.ts');
/** Short-lived garbage is most of what a schedule makes. */
const NODE_OPTIONS = ['--max-semi-space-size=64'];
/** Longest time that one schedule may take before its worker counts as hung, ms. */
const JOB_TIMEOUT_MS = 240_000;

export interface PoolOptions {
  readonly jobs: Iterable<Job>;
  /** Name of a bug that the workers plant into the product before they load it. */
  readonly plant?: string;
  readonly workers?: number;
  readonly onVerdict?: (verdict: Verdict) => void;
  /** Begins no further job once this says so. */
  readonly isEnough?: (verdict: Verdict) => boolean;
}

/** Does jobs on all cores; resolves when all are done, or enough are. */
export async function runJobs(options: PoolOptions): Promise<Tally> {
  const tally = createTally();
  const jobs = options.jobs[Symbol.iterator]();
  let isEnough = false;
  const work = async (): Promise<void> => {
    const worker = startWorker(options.plant);
    try {
      for (;;) {
        if (isEnough) return;
        const next = jobs.next();
        if (next.done === true) return;
        const verdict = await ask(worker, next.value);
        tally.add(verdict);
        options.onVerdict?.(verdict);
        if (options.isEnough?.(verdict) === true) isEnough = true;
      }
    } finally {
      worker.kill('SIGKILL');
    }
  };
  const workers = options.workers ?? availableParallelism();
  await Promise.all(Array.from({ length: workers }, work));
  return tally.read();
}

function startWorker(plant: string | undefined): ChildProcess {
  const hooks = plant === undefined ? [] : ['--import', join(import.meta.dirname, 'planted', 'plant.ts')];
  return fork(WORKER, [], {
    execArgv: [...NODE_OPTIONS, ...hooks],
    env: { ...process.env, ...(plant === undefined ? {} : { PLANTED_BUG: plant }) },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
}

function ask(worker: ChildProcess, job: Job): Promise<Verdict> {
  return new Promise((resolve, reject) => {
    const broken = (why: string): void => reject(new Error(`a worker ${why} in ${JSON.stringify(job)}`));
    const timer = setTimeout(() => broken('hung'), JOB_TIMEOUT_MS);
    const onExit = (code: number | null): void => broken(`ended with ${String(code)}`);
    worker.once('exit', onExit);
    worker.once('message', (verdict) => {
      clearTimeout(timer);
      worker.removeListener('exit', onExit);
      resolve(verdict as Verdict);
    });
    worker.send(job);
  });
}
