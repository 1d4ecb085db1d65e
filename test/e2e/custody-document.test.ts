import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { roleIds } from '../../src/vault/roles.ts';
import { examplesOf } from '../documented-commands.ts';
import { normal, pattern } from './documented-output.ts';
import { runCommand } from './run-command.ts';
import type { World } from './world.ts';
import { startWorld } from './world.ts';

const TEXT = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'custody.md'), 'utf8');

function section(heading: string): string {
  const found = TEXT.split(/^## /m).find((it) => it.startsWith(`${heading}\n`));
  if (found === undefined) throw new Error(`docs/custody.md has no section ${heading}`);
  return found;
}

/** Variables that the section's settings set, without `_FILE`. */
function settingsIn(text: string): readonly string[] {
  const [, block = ''] = /^```sh\n([^]*?)^```$/m.exec(text) ?? [];
  return [...block.matchAll(/^(\w+)=/gm)].map(([, name = '']) => name);
}

test('docs/custody.md names the roles by their ids', () => {
  const needed = section('What every signer needs');
  for (const name of ['DEPOSIT', 'WITHDRAW'] as const) expect(needed).toContain(`\`${roleIds[name]}\``);
});

describe.each([
  ['turnkey', 'Turnkey', ['TURNKEY_API_PRIVATE_KEY']],
  ['fireblocks', 'Fireblocks', ['FIREBLOCKS_API_KEY', 'FIREBLOCKS_SECRET']],
] as const)('what docs/custody.md shows of %s', (signer, heading, secrets) => {
  const text = section(heading);
  const examples = examplesOf(text);
  const folder = mkdtempSync(join(tmpdir(), 'issuance-custody-'));
  let world: World;
  beforeAll(async () => {
    world = await startWorld({
      signer,
      settings: ({ env }) =>
        Promise.resolve(
          Object.fromEntries(
            secrets.flatMap((name) => {
              const path = join(folder, name);
              writeFileSync(path, env[name] ?? '');
              return [
                [name, ''],
                [`${name}_FILE`, path],
              ];
            }),
          ),
        ),
    });
    await world.mint('10');
  });
  afterAll(async () => {
    await world.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test('its settings are all that the signer takes, but for the address of the API', () => {
    const taken = Object.entries(world.env).filter(([, value]) => value !== '');
    const names = taken.map(([name]) => name).filter((it) => /^(SIGNER$|TURNKEY_|FIREBLOCKS_)/.test(it));
    const shown = settingsIn(text);
    expect(names.filter((it) => !it.endsWith('_API_BASE_URL')).toSorted()).toEqual(shown.toSorted());
  });

  test.each(examples.map((it) => [it.command, it.output]))('%s', async (command, output) => {
    const [, ...args] = command.split(' ');
    const { stdout, stderr } = await runCommand(
      args,
      { ...world.env, COLUMNS: '100' },
      dirname(world.databasePath),
    );
    expect(normal(`${stdout}${stderr}`)).toMatch(pattern(output));
  });

  test('it has examples', () => {
    expect(examples.length).toBeGreaterThan(1);
  });
});
