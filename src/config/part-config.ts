import type { Loaded } from './config.ts';
import { type Environment, type ReadFile, readSettings } from './read-settings.ts';
import { settings } from './settings.ts';
import type { Database, NamedSecret } from './values.ts';

/** What a command needs to talk to the running service. */
export interface ClientConfig {
  /** Base URL of the service, without a trailing slash. */
  readonly url: string;
  /** The first of the keys that are set. */
  readonly adminKey: NamedSecret;
}

/** Reads what commands need that talk to the running service: `ISSUER_URL` and `ISSUER_ADMIN_API_KEY`. */
export function loadClientConfig(env: Environment, readFile: ReadFile): Loaded<ClientConfig> {
  const { issuerUrl, adminApiKeys } = settings(readFile);
  const { values, faults } = readSettings({ issuerUrl, adminApiKeys }, env, readFile);
  const adminKey = values.adminApiKeys?.[0];
  if (faults.length > 0 || adminKey === undefined) return { faults };
  return { config: { url: values.issuerUrl, adminKey } };
}

/** Reads what commands need that open the database beside the service: `DATABASE_URL`. */
export function loadDatabaseConfig(env: Environment, readFile: ReadFile): Loaded<Database> {
  const { database } = settings(readFile);
  const { values, faults } = readSettings({ database }, env, readFile);
  return faults.length > 0 ? { faults } : { config: values.database };
}
