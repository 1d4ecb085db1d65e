import { type Environment, fileName } from './read-settings.ts';
import { givenRetiredKeys } from './retired-signers.ts';
import { namedNetworks, networkPrefix } from './networks.ts';
import type { Setting } from './setting.ts';
import { networkSettings, settings } from './settings.ts';

/** Names of the variables of this environment whose texts are kept from logs and listings. */
export function secretNames(env: Environment): readonly string[] {
  const tables = [settings(() => ''), ...namedNetworks(env).map((it) => networkSettings(networkPrefix(it)))];
  const known = tables.flatMap((table): readonly Setting<unknown>[] => Object.values(table));
  return [...known, ...givenRetiredKeys(env)]
    .filter((it) => it.secret !== 'none' && fileName(it) !== null && env[it.name] !== undefined)
    .map((it) => it.name);
}

/**
 * Takes the secrets out of the process' environment once they are read, so that nothing that the process loads or
 * starts finds them there. What the kernel shows of the start (`/proc/<pid>/environ`) stays: keys from files never
 * stood there.
 */
export function forgetSecrets(env: NodeJS.ProcessEnv): void {
  for (const name of secretNames(env)) delete env[name];
}
