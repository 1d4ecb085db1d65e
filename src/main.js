#!/usr/bin/env -S MALLOC_ARENA_MAX=1 MALLOC_MMAP_THRESHOLD_=32768 MALLOC_TRIM_THRESHOLD_=262144 node --max-semi-space-size=8
import module from 'node:module';
import { join } from 'node:path';

// Above: large pieces of memory go back to the system when they are free, and what is young may be 8 MB before garbage is
// looked for; with more the service is hardly faster, and larger. Fewer threads that collect garbage would
// cost 30 MB: under load they are late.

// Older ones know neither types nor `node:sqlite`, and would say so in words that help nobody.
if (Number(process.versions.node.split('.')[0]) < 24) {
  const found = `this is Node ${process.versions.node}, and 24 is needed`;
  console.error(`issuer: ${found}: type \`npx issuer\` in the checkout, which has its own`);
  process.exit(1);
}

// A diagnostic report, however it comes to be written, would list the environment with every key in it.
process.report.excludeEnv = true;

// Not in TypeScript: what is stripped of its types before the next line has the compiler stay in memory, 40 MB with what it
// leaves behind. What was compiled once is kept, and starts in half the time; with nowhere to write it is not.
const cache = join(import.meta.dirname, '..', 'node_modules', '.cache', 'issuance');
module.enableCompileCache(cache);
const { runCli } = await import('./cli/program.ts');
// Whoever serves, serves for months: the first start after a change begins anew, in the same process, without the compiler.
const { moduleLoadList } = /** @type {{ moduleLoadList: string[] }} */ (/** @type {unknown} */ (process));
const isCompilerHere = moduleLoadList.some((name) => name.includes('internal/deps/amaro'));
if (isCompilerHere && process.argv[2] === 'serve' && process.env.NODE_COMPILE_CACHE === undefined) {
  module.flushCompileCache();
  const again = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  process.execve?.(process.execPath, again, { ...process.env, NODE_COMPILE_CACHE: cache });
}
process.exitCode = await runCli(process.argv.slice(2));
