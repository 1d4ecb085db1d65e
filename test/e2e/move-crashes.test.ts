import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { kill } from './crash.ts';
import { expectInvariants } from './invariants.ts';
import { custodyOf, moveReaches, revokeRoles, turn } from './other-signer.ts';
import { mineUntil } from './outsider.ts';
import type { World } from './world.ts';
import { startWorld, within } from './world.ts';

/** Lines of the log at which the service is killed, in the order in which a move comes to them. */
const POINTS = [
  'a move to another key began',
  '"transfer requested"',
  '"transaction signed"',
  '"transfer submitted"',
  '"transaction mined"',
  '"transfer completed"',
  '"transaction final"',
  '"phase":"moving","from"',
  'a part of a move is done',
  '"phase":"revoking","from"',
] as const;

describe('a move that is killed with mints and redemptions under way', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ alpaca: { mintAttempts: 100 } });
    for (const qty of ['10', '20', '5']) await world.mint(qty);
  });
  afterAll(async () => {
    await world.stop();
  });

  // Each move goes back to where the one before came from.
  test.each(POINTS)('at %s goes on where it was', async (point) => {
    const { from, to } = await turn(world);
    const dead = world.issuer();
    const [toOld, toNew] = [await world.sendBack('1.5', { to: from }), await world.sendBack('1', { to })];
    await world.api.call('POST', '/custody/move', { network: 'base', reason: 'rotation' });
    const { id } = await world.orderMint('3');
    const isThere = async () => dead.output.some((line) => line.includes(point));
    await mineUntil(world.network(), isThere, `the move to come to ${point}`);
    await kill(world);
    await world.restart();
    await moveReaches(world, 'revoking');
    await revokeRoles(world, from);
    expect((await moveReaches(world, null)).last_move).toMatchObject({ end: 'completed', from, to });
    await within(world.partners.alpaca.mintCompleted(id), 'the mint to complete');
    for (const hash of [toOld, toNew]) {
      await world.operation(`kind=redemption&tx_hash=${hash}`, (it) => it.state === 'completed');
    }
    expect((await custodyOf(world)).in_charge).toBe(to);
    expect(await world.balance(from)).toBe(0n);
    await expectInvariants(world);
  });
});
