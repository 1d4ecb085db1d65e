#!/usr/bin/env -S MALLOC_ARENA_MAX=1 node --max-semi-space-size=16
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';

// A diagnostic report, however it comes to be written, would list the environment with every key in it.
process.report.excludeEnv = true;

// Not in TypeScript: what is stripped of its types before the next line has the compiler stay in memory, 20 MB of it.
// What was compiled once starts in half the time. With nowhere to write it is not kept.
enableCompileCache(join(import.meta.dirname, '..', 'node_modules', '.cache', 'issuance'));
const { runCli } = await import('./cli/program.ts');
process.exitCode = await runCli(process.argv.slice(2));
