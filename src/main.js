#!/usr/bin/env -S MALLOC_ARENA_MAX=1 MALLOC_MMAP_THRESHOLD_=32768 MALLOC_TRIM_THRESHOLD_=262144 node --max-semi-space-size=8 --v8-pool-size=1
import module from 'node:module';
import { join } from 'node:path';

// Above: large pieces of memory go back to the system when they are free, and what is young may be 8 MB before garbage is
// looked for; with more the service is hardly faster, and larger. One helper collects garbage beside the main thread: each
// of the four that there would be keeps memory of its own, and two cores have no use for them.

// Older ones know neither types nor `node:sqlite`, and would say so in words that help nobody.
if (Number(process.versions.node.split('.')[0]) < 24) {
  const found = `this is Node ${process.versions.node}, and 24 is needed`;
  console.error(`issuer: ${found}: type \`npx issuer\` in the checkout, which has its own`);
  process.exit(1);
}

// A diagnostic report, however it comes to be written, would list the environment with every key in it.
process.report.excludeEnv = true;

// Not in TypeScript: what is stripped of its types before the next line has the compiler stay in memory, 20 MB of it.
// What was compiled once starts in half the time. With nowhere to write it is not kept.
module.enableCompileCache(join(import.meta.dirname, '..', 'node_modules', '.cache', 'issuance'));
const { runCli } = await import('./cli/program.ts');
process.exitCode = await runCli(process.argv.slice(2));
