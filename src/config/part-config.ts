import type { Loaded } from './config.ts';
import { type Environment, type ReadFile, readSettings } from './read-settings.ts';
import { settings } from './settings.ts';
import type { Database, NamedSecret } from './values.ts';

/** What a command needs to talk to the running service. */
export interface ClientConfig {
  /** Base URL of the service, without a trailing slash. */
  readonly url: string;
  /** Operators' keys, at least one. */
  readonly adminKeys: readonly NamedSecret[];
}

/** Reads what commands need that talk to the running service: `ISSUER_URL` and `ISSUER_ADMIN_API_KEY`. */
export function loadClientConfig(env: Environment, readFile: ReadFile): Loaded<ClientConfig> {
  const { adminApiKeys } = settings(readFile);
  const { values, faults } = readSettings({ adminApiKeys }, env, readFile);
  const place = loadServiceUrl(env, readFile);
  const placeFaults = 'faults' in place ? place.faults : [];
  if ('faults' in place || faults.length > 0) return { faults: [...placeFaults, ...faults] };
  return { config: { url: place.config, adminKeys: values.adminApiKeys } };
}

/** Where the service is reached: `ISSUER_URL`, else on this machine as `HOST` and `PORT` say. */
export function loadServiceUrl(env: Environment, readFile: ReadFile): Loaded<string> {
  const { issuerUrl, host, port } = settings(readFile);
  const { values, faults } = readSettings({ issuerUrl, host, port }, env, readFile);
  if (faults.length > 0) return { faults };
  if (values.issuerUrl !== null) return { config: values.issuerUrl.replace(/\/+$/, '') };
  if (values.port === 0) {
    const expected = 'the URL at which the service says that it listens, since PORT=0 picks any';
    return { faults: [{ name: 'ISSUER_URL', expected, got: 'nothing' }] };
  }
  const isEverywhere = values.host === '0.0.0.0' || values.host === '::';
  const name = isEverywhere ? '127.0.0.1' : values.host;
  return { config: `http://${name.includes(':') ? `[${name}]` : name}:${String(values.port)}` };
}

/** Reads what commands need that open the database beside the service: `DATABASE_URL`. */
export function loadDatabaseConfig(env: Environment, readFile: ReadFile): Loaded<Database> {
  const { database } = settings(readFile);
  const { values, faults } = readSettings({ database }, env, readFile);
  return faults.length > 0 ? { faults } : { config: values.database };
}
