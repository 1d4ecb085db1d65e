import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { completesAfter } from '../../src/sandbox/fireblocks/plan.ts';
import type { StartedSigner } from '../../src/sandbox/signers.ts';
import { kill } from './crash.ts';
import { expectInvariants } from './invariants.ts';
import { custodyOf, moveReaches, otherAt, otherSigner, revokeRoles, turn } from './other-signer.ts';
import { mineUntil } from './outsider.ts';
import type { World } from './world.ts';
import { startWorld, within } from './world.ts';

/**
 * Lines of the log at which the service is killed, in the order in which a move comes to them. Each move goes back to
 * where the one before came from: with a custodian, every second one leaves it.
 */
const POINTS = {
  local: [
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
  ],
  turnkey: ['"transfer requested"', '"transfer requested"', '"transaction signed"', '"transaction mined"'],
  fireblocks: [
    '"transfer submitted"',
    'a call is promised to the custodian',
    'a call is promised to the custodian',
    'the custodian has the call',
    '"transfer completed"',
    'call mined',
    'a part of a move is done',
    'call final',
  ],
} as const;

describe.each(['local', 'turnkey', 'fireblocks'] as const)(
  'a move between our key and one that is %s, killed with mints and redemptions under way,',
  (kind) => {
    let world: World;
    let other = otherSigner();
    let custodian: StartedSigner | null = null;
    beforeAll(async () => {
      world = await startWorld({ alpaca: { mintAttempts: 100 } });
      if (kind !== 'local') ({ signer: other, custodian } = await otherAt(world, kind));
      custodian?.turnkey?.always({ kind: 'pending', questions: 1 });
      custodian?.fireblocks?.always({ plan: completesAfter('PENDING_SIGNATURE') });
      for (const qty of ['10', '20', '5']) await world.mint(qty);
    });
    afterAll(async () => {
      await world.stop();
      await custodian?.stop();
    });

    test.each(POINTS[kind])('at %s goes on where it was', async (point) => {
      const { from, to } = await turn(world, other);
      const dead = world.issuer();
      const toOld = await world.sendBack('1.5', { to: from });
      const toNew = await world.sendBack('1', { to });
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

    test('asks a custodian for each only once', () => {
      const ids = (custodian?.fireblocks?.transactions() ?? []).map((it) => it.request.externalTxId);
      expect(ids.filter((it) => !it.endsWith('-1'))).toEqual([]);
      expect(new Set(ids).size).toBe(ids.length);
      expect(ids.length > 0).toBe(kind === 'fireblocks');
    });
  },
);
