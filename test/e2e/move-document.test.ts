import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { examplesOf } from '../documented-commands.ts';
import {
  custodyOf,
  firstSigner,
  grantRoles,
  moveReaches,
  otherSigner,
  revokeRoles,
  signAs,
} from './other-signer.ts';
import { normal, pattern } from './documented-output.ts';
import { runCommand } from './run-command.ts';
import type { World } from './world.ts';
import { startWorld } from './world.ts';

const DOCUMENT = join(import.meta.dirname, '..', '..', 'docs', 'custody.md');

let world: World;
beforeAll(async () => {
  world = await startWorld();
  await world.mint('10');
});
afterAll(async () => {
  await world.stop();
});

/** The commands of the section on moving; they stand within the steps of a list. */
function examples() {
  const [, section = ''] = readFileSync(DOCUMENT, 'utf8').split('## Moving to another key');
  const [own = ''] = section.split(/^## /m);
  return examplesOf(own.replaceAll(/^ {3}/gm, ''));
}

test('the commands of the guide print what it shows, in its order', async () => {
  const first = firstSigner(world);
  signAs(world, otherSigner(), first);
  await world.restart();
  const all = examples();
  expect(all.map((it) => it.command)).toEqual([
    'issuer custody plan --network base',
    'issuer custody move --network base --reason "yearly rotation" --dry-run',
    'issuer custody move --network base --reason "yearly rotation"',
    'issuer custody status',
    'issuer custody plan --network base',
  ]);
  for (const [at, { command, output }] of all.entries()) {
    // What the reader does between them.
    if (at === 1) await grantRoles(world, otherSigner().address);
    if (at === 3) await moveReaches(world, 'revoking');
    const words = [...command.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? '');
    const result = await runCommand(words.slice(1), world.env, dirname(world.databasePath));
    expect(normal(`${result.stdout}${result.stderr}`)).toMatch(pattern(output));
    expect(result.code).toBe(at === 0 ? 1 : 0);
  }
  for (const inline of ['issuer operations --kind transfer', 'issuer stuck']) {
    expect(readFileSync(DOCUMENT, 'utf8')).toContain(`\`${inline}\``);
    const result = await runCommand(inline.split(' ').slice(1), world.env, dirname(world.databasePath));
    expect(result).toMatchObject({ code: 0 });
    expect(`${result.stdout}${result.stderr}`).toMatch(/transfer +completed|nothing stands still/);
  }
  await revokeRoles(world, first.address);
  await moveReaches(world, null);
  expect((await custodyOf(world)).in_charge).toBe(otherSigner().address);
});
