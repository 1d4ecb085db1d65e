import { expect, test } from 'vitest';
import { exhaustiveJobs } from './exhaustive.ts';
import { runJobs } from './pool.ts';

test('a crash before or after any I/O step of a mint and a redemption changes nothing of how they end', async () => {
  const jobs = await exhaustiveJobs(null);
  // Two for each exchange and each commit: should the service get by with far fewer, somebody broke the counting.
  expect(jobs.length).toBeGreaterThan(300);
  const { failed, crashed } = await runJobs({ jobs });
  expect(failed.map((it) => `npm run sim -- --crash ${it.at.join()}: ${it.faults.join('; ')}`)).toEqual([]);
  expect([...crashed.keys()].filter((it) => it.startsWith('commit before | mint'))).not.toEqual([]);
  expect([...crashed.keys()].filter((it) => it.startsWith('rpc eth_sendRawTransaction after'))).not.toEqual(
    [],
  );
});
