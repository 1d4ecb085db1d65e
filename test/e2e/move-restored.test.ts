import { copyFileSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseQuantity } from '../../src/primitives/quantity.ts';
import { kill } from './crash.ts';
import { expectInvariants } from './invariants.ts';
import {
  custodyOf,
  firstSigner,
  moveReaches,
  otherSigner,
  revokeRoles,
  signAs,
  turn,
} from './other-signer.ts';
import { mineUntil } from './outsider.ts';
import { runCommand } from './run-command.ts';
import type { World } from './world.ts';
import { startWorld, within } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld({ alpaca: { mintAttempts: 100 } });
  for (const qty of ['10', '20']) await world.mint(qty);
});
afterAll(async () => {
  await world.stop();
});

/** What a restored database says of itself, and what it cannot tell at once: a forgotten mint waits for its deposit. */
const ALARMS = [
  'quarantine started',
  'names operations that it cannot be settled for',
  'Alpaca was told before that it is minted',
];

async function backup(): Promise<string> {
  const copy = `${world.databasePath}.copy`;
  rmSync(copy, { force: true });
  expect(await runCommand(['backup', copy], world.env, dirname(copy))).toMatchObject({ code: 0 });
  return copy;
}

async function restore(copy: string): Promise<void> {
  await kill(world);
  for (const suffix of ['', '-wal', '-shm']) rmSync(`${world.databasePath}${suffix}`, { force: true });
  copyFileSync(copy, world.databasePath);
  await world.restart();
}

const completed = (hash: string) =>
  mineUntil(
    world.network(),
    async () => (await world.operations(`kind=redemption&tx_hash=${hash}&state=completed`))[0],
    `the redemption of ${hash} to be completed`,
  );

test('a backup that forgot that shares were handed over and burned reads both from the chain', async () => {
  signAs(world, otherSigner(), firstSigner(world));
  await world.restart();
  const copy = await backup();
  const hash = await world.sendBack('2', { to: otherSigner().address });
  await completed(hash);
  await restore(copy);
  expect(await completed(hash)).toMatchObject({ burned: '2' });
  expect(await world.operations('kind=transfer&state=completed')).toHaveLength(1);
  expect(await world.balance(otherSigner().address)).toBe(0n);
  await expectInvariants(world, { errors: ALARMS });
});

test('a backup from before a move, with mints of the new signer forgotten, mints nothing twice', async () => {
  const { from, to } = await turn(world);
  const copy = await backup();
  await world.api.call('POST', '/custody/move', { network: 'base', reason: 'rotation' });
  const { id } = await world.orderMint('4');
  await within(world.partners.alpaca.mintCompleted(id), 'the mint to complete');
  await moveReaches(world, 'revoking');
  await restore(copy);
  expect((await custodyOf(world)).in_charge).toBe(from);
  // The receipts lie with the new signer, whatever the log knows: the move begins anew and finds nothing to carry.
  const begin = () => world.api.call('POST', '/custody/move', { network: 'base', reason: 'again' });
  await mineUntil(world.network(), async () => begin().then(Boolean, () => false), 'the move to begin again');
  await moveReaches(world, 'revoking');
  await revokeRoles(world, from);
  expect((await moveReaches(world, null)).in_charge).toBe(to);
  const hash = await world.sendBack('1', { to: from });
  await completed(hash);
  expect(await world.totalSupply()).toBe(parseQuantity('31'));
  await expectInvariants(world, { errors: ALARMS });
});
