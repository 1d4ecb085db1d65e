#!/usr/bin/env -S MALLOC_ARENA_MAX=1 node --max-semi-space-size=4
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';

// A diagnostic report, however it comes to be written, would list the environment with every key in it.
process.report.excludeEnv = true;

// What was compiled once starts in half the time, without a compiler in memory. With nowhere to write it is not kept.
enableCompileCache(join(import.meta.dirname, '..', 'node_modules', '.cache', 'issuance'));
const { runCli } = await import('./cli/program.ts');
process.exitCode = await runCli(process.argv.slice(2));
