import { existsSync, readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { CHAIN_FACTS } from '../app/chain-facts.ts';
import type { Config, Environment, Fault, Loaded } from '../config/config.ts';
import { loadConfig } from '../config/config.ts';
import type { Database } from '../config/values.ts';
import { loadDatabaseConfig } from '../config/part-config.ts';
import { IssuanceError } from '../primitives/failures.ts';
import { CommandFailed } from './command-failed.ts';

export const readSecretFile = (path: string): string => readFileSync(path, 'utf8');

/** The environment, with what `.env` in the working directory adds; the environment wins. */
export function environment(): Environment {
  const file = existsSync('.env') ? parseEnv(readFileSync('.env', 'utf8')) : {};
  return { ...file, ...process.env };
}

/** Reads the service's settings, or says every fault in them and ends the command with status 2. */
export function readSettings(env: Environment = environment()): Config {
  return orExplain(loadConfig(env, readSecretFile, CHAIN_FACTS));
}

/** Path of the database file, for commands that open it. */
export function readDatabasePath(): string {
  const database: Database = orExplain(loadDatabaseConfig(environment(), readSecretFile));
  if (database.kind === 'file') return database.path;
  throw new IssuanceError(
    'no_database_file',
    'DATABASE_URL names a database in memory, which has no file to open',
  );
}

export function orExplain<T>(loaded: Loaded<T>): T {
  if ('config' in loaded) return loaded.config;
  explainFaults(loaded.faults);
  throw new CommandFailed(2);
}

function explainFaults(faults: readonly Fault[]): void {
  const count = faults.length === 1 ? '1 setting is' : `${String(faults.length)} settings are`;
  console.error(`issuer: ${count} wrong; .env.example explains each`);
  for (const { name, expected, got } of faults) console.error(`  ${name}: expected ${expected}; got ${got}`);
}
