import type { Job } from './jobs.ts';
import { doJob } from './jobs.ts';

/** A process that does one job after the other for its parent. */

/** What the service leaves behind when it dies rejects into nowhere, as it would in a process that is gone. */
process.on('unhandledRejection', () => {});

process.on('message', (job: Job) => {
  void answer(job);
});

async function answer(job: Job): Promise<void> {
  process.send?.(await doJob(job));
}
