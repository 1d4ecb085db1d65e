import type { Command } from 'commander';
import { loadClientConfig, loadServiceUrl } from '../../config/part-config.ts';
import { systemClock } from '../../ports/system.ts';
import type { IssuerApi } from '../../sandbox/issuer-api.ts';
import { createIssuerApi } from '../../sandbox/issuer-api.ts';
import { CommandFailed } from '../command-failed.ts';
import type { Output } from '../output/output.ts';
import { createOutput } from '../output/output.ts';
import { environment, orExplain, readSecretFile } from '../settings.ts';
import type { Called } from './explain.ts';
import { explain } from './explain.ts';

/** The running service, as a command sees it. */
export interface Service {
  readonly api: IssuerApi;
  readonly output: Output;
  /** The answer is wanted as it came. */
  readonly json: boolean;
  /** Time to which "ago" refers, ms. */
  readonly nowMs: number;
}

export interface ServiceOptions {
  readonly json?: true;
  readonly as?: string;
}

/** Gives a command the options that all have which talk to the running service. */
export function serviceOptions(command: Command): Command {
  return command
    .option('--json', 'print the answer of the service as JSON')
    .option('--as <name>', 'whose key of ISSUER_ADMIN_API_KEY to use; the first by default');
}

/** Runs a task with the service and an operator's key; what the service refuses is told and ends the command. */
export async function withService(
  options: ServiceOptions,
  task: (service: Service) => Promise<void>,
): Promise<void> {
  const { url, adminKeys } = orExplain(loadClientConfig(environment(), readSecretFile));
  const chosen = options.as === undefined ? adminKeys[0] : adminKeys.find((it) => it.name === options.as);
  if (chosen === undefined) {
    const names = adminKeys.map((it) => it.name).join(', ');
    console.error(`issuer: ISSUER_ADMIN_API_KEY has no key of ${options.as ?? 'anybody'}; it has ${names}`);
    throw new CommandFailed(2);
  }
  const api = createIssuerApi(url, chosen.key.reveal());
  await run({ url, keyName: chosen.name }, () => task(createService(api, options)));
}

/** The same for what the service tells everybody. */
export async function withKeylessService(
  options: Pick<ServiceOptions, 'json'>,
  task: (service: Service) => Promise<void>,
): Promise<void> {
  const url = orExplain(loadServiceUrl(environment(), readSecretFile));
  await run({ url, keyName: null }, () => task(createService(createIssuerApi(url, null), options)));
}

function createService(api: IssuerApi, { json }: Pick<ServiceOptions, 'json'>): Service {
  return { api, output: createOutput(), json: json === true, nowMs: systemClock.nowMs() };
}

async function run(called: Called, task: () => Promise<void>): Promise<void> {
  try {
    await task();
  } catch (error) {
    const explanation = explain(error, called);
    if (explanation === null) throw error;
    console.error(`issuer: ${explanation.text}`);
    throw new CommandFailed(explanation.exitCode);
  }
}

/** `?a=1&b=2` of what is given. */
export function queryText(query: Readonly<Record<string, string | number | boolean | undefined>>): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) parameters.append(name, String(value));
  }
  return parameters.size === 0 ? '' : `?${parameters.toString()}`;
}
