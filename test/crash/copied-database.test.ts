import { copyFileSync, existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { kill, nonces } from '../e2e/crash.ts';
import { expectInvariants } from '../e2e/invariants.ts';
import { startIssuerProcess } from '../e2e/issuer-process.ts';
import { laneOf, mineUntil } from '../e2e/outsider.ts';
import { runCommand } from '../e2e/run-command.ts';
import type { World } from '../e2e/world.ts';
import { startWorld } from '../e2e/world.ts';

let world: World;
let copy: string;
beforeAll(async () => {
  world = await startWorld();
  await world.mint('10');
  copy = join(dirname(world.databasePath), 'elsewhere', 'issuance.db');
  mkdirSync(dirname(copy));
});
afterAll(async () => {
  await world.stop();
});

/** As `cp` does it, while the service writes; without the index, which may speak of more than was copied by then. */
function copyFiles(): void {
  for (const suffix of ['', '-wal']) {
    const path = `${world.databasePath}${suffix}`;
    if (existsSync(path)) copyFileSync(path, `${copy}${suffix}`);
  }
}

const settings = () => ({ ...world.env, PORT: '0', DATABASE_URL: `sqlite:${copy}` });

test('a copy that is started beside the service is refused, and the service goes on', async () => {
  copyFiles();
  const before = await nonces(world);
  const { code, stderr } = await runCommand(['serve'], settings(), dirname(copy));
  expect(code).toBe(1);
  expect(stderr).toMatch(/^issuer: [^\n]*elsewhere\/issuance\.db is a copy: [^\n]*serve --restored[^\n]*\n$/);
  expect(await nonces(world)).toEqual(before);

  await world.mint('5');
  const transfer = await world.sendBack('2');
  await world.operation(`kind=redemption&tx_hash=${transfer}`, (it) => it.state === 'completed');
  await expectInvariants(world);
});

test('what only reads, or works on the file, takes a copy', async () => {
  for (const args of [
    ['views', 'verify'],
    ['views', 'rebuild'],
    ['migrate', 'up'],
    ['backup', `${copy}.backup`],
  ]) {
    expect(await runCommand(args, settings(), dirname(copy))).toMatchObject({ code: 0 });
  }
  expect((await runCommand(['serve'], settings(), dirname(copy))).code).toBe(1);
});

test('after the service is gone for good the copy serves with --restored, and then without', async () => {
  // The copy is older than this mint.
  await world.mint('3');
  await kill(world);
  world.env['DATABASE_URL'] = `sqlite:${copy}`;
  await expect(startIssuerProcess(world.env)).rejects.toThrow('is a copy');
  const moved = { ...world, databasePath: copy };
  await world.restart('SIGKILL', ['--restored']);
  expect((await laneOf(moved)).state).toBe('quarantine');
  await mineUntil(
    world.network(),
    async () => (await laneOf(moved)).state === 'open',
    'the quarantine’s end',
  );
  await world.mint('1');
  await world.restart('SIGKILL');
  await world.mint('1');
  await expectInvariants(moved, {
    errors: ['it cannot be settled for', 'Alpaca was told before that it is minted'],
  });
});
