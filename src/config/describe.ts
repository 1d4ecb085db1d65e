import { type ChainFacts, namedNetworks, networkPrefix } from './networks.ts';
import { type Environment, fileName, mask, type ReadFile, sourceOf } from './read-settings.ts';
import type { Setting } from './setting.ts';
import { givenRetiredKeys, retiredKeySetting } from './retired-signers.ts';
import { networkSettings, settings } from './settings.ts';

/** One setting as it is in effect. */
export interface EffectiveSetting {
  readonly name: string;
  /** With secrets masked; null when it is not set and has no default. */
  readonly value: string | null;
  readonly from: 'environment' | 'file' | 'default' | 'absent';
}

/** Every setting as it is in effect, faulty or not, for a person to read. Nothing secret is in it. */
export function effectiveSettings(
  env: Environment,
  readFile: ReadFile,
  chains: ChainFacts,
): readonly EffectiveSetting[] {
  const networks = namedNetworks(env).filter((name) => chains.names.includes(name));
  const tables = [
    settings(readFile),
    givenRetiredKeys(env),
    ...networks.map((name) => networkSettings(networkPrefix(name))),
  ];
  return tables
    .flatMap((table): readonly Setting<unknown>[] => Object.values(table))
    .map((setting) => {
      const { text, from } = sourceOf(setting, env, readFile);
      return { name: setting.name, value: text === null ? null : mask(setting, text), from };
    });
}

const WIDTH = 100;

/** The text of `.env.example`: every setting, what it means, and its default. */
export function exampleFile(): string {
  const network = 'base';
  return [
    comment('Settings of the service. Copy this file to .env and fill in what is empty.'),
    comment('A secret NAME may come from a file instead: NAME_FILE=/run/secrets/name.'),
    '',
    ...Object.entries(settings(() => '')).flatMap(([key, setting]) =>
      // The keys stand behind the addresses that they are of.
      key === 'retiredSigners' ? [exampleOf(setting), exampleOf(retiredKeySetting(1))] : [exampleOf(setting)],
    ),
    comment("One group like this for each network, by Alpaca's name of it: CHAIN_ETHEREUM_… and so on."),
    '',
    ...Object.values(networkSettings(networkPrefix(network))).map(exampleOf),
  ].join('\n');
}

function exampleOf(setting: Setting<unknown>): string {
  const { name, about, expected, fallback, required, example } = setting;
  const file = fileName(setting) === null ? '' : ' May come from a file.';
  const lines = [comment(`${about} Expected: ${expected}.${setting.secret === 'all' ? file : ''}`)];
  if (required) lines.push(comment(`Required, for example: ${example}`), `${name}=`);
  else lines.push(`# ${name}=${fallback ?? example}`);
  return `${lines.join('\n')}\n`;
}

/** A comment of lines that are not too wide. */
function comment(text: string): string {
  const lines: string[] = [];
  let line = '#';
  for (const word of text.split(' ')) {
    if (line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = '#';
    }
    line += ` ${word}`;
  }
  return [...lines, line].join('\n');
}
