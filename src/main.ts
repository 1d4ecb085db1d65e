#!/usr/bin/env -S MALLOC_ARENA_MAX=1 node --max-semi-space-size=4
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';

// What was compiled once starts in half the time, without a compiler in memory. With nowhere to write it is not kept.
enableCompileCache(join(import.meta.dirname, '..', 'node_modules', '.cache', 'issuance'));
const { runCli } = await import('./cli/program.ts');
process.exitCode = await runCli(process.argv.slice(2));
