import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseQuantity } from '../../src/primitives/quantity.ts';
import { expectInvariants } from './invariants.ts';
import type { CustodyOnWire } from './other-signer.ts';
import {
  custodyOf,
  firstSigner,
  grantRoles,
  moveReaches,
  otherSigner,
  revokeRoles,
  signAs,
} from './other-signer.ts';
import type { World } from './world.ts';
import { BASE, startWorld } from './world.ts';

const other = otherSigner();

describe.each(['production', 'clone'] as const)(
  'moving to another key, on vaults of the %s family',
  (family) => {
    let world: World;
    beforeAll(async () => {
      const vaults = [{ underlying: 'AAPL', token: 'tAAPL', family }];
      world = await startWorld({ networks: [{ ...BASE, vaults }] });
      for (const qty of ['10', '20', '5.5']) await world.mint(qty);
      signAs(world, other, firstSigner(world));
      await world.restart();
    });
    afterAll(async () => {
      await world.stop();
    });

    const ask = (dry_run: boolean) =>
      world.api.call('POST', '/custody/move', { network: 'base', reason: 'rotation', dry_run }) as Promise<{
        outcome: string;
        move_id: string | null;
        plan: { refusals: string[]; grants: { to: string; data: `0x${string}` }[]; revokes: unknown[] };
      }>;
    const redeem = async (amount: string, to: `0x${string}`) => {
      const hash = await world.sendBack(amount, { to });
      return world.operation(`kind=redemption&tx_hash=${hash}`, (it) => it.state === 'completed');
    };

    test('is refused while the new signer has no roles, and the plan gives the calls that grant them', async () => {
      const dry = await ask(true);
      expect(dry).toMatchObject({ outcome: 'refused', move_id: null });
      expect(dry.plan.refusals.join()).toMatch(/has not the role DEPOSIT.*has not the role WITHDRAW/);
      await expect(ask(false)).rejects.toThrow(/422.*action_refused.*has not the role/);
      expect(dry.plan.grants).toHaveLength(2);
      // Whoever administers the roles sends exactly what the plan says.
      for (const { to, data } of dry.plan.grants) {
        await world.network().deployer.send({ to: to as `0x${string}`, data });
      }
      expect(await ask(true)).toMatchObject({ outcome: 'planned', plan: { grants: [], refusals: [] } });
      expect((await custodyOf(world)).in_charge).toBe(firstSigner(world).address);
      await expectInvariants(world);
    });

    test('takes everything over while mints and redemptions go on, and ends when the old roles are gone', async () => {
      const old = firstSigner(world).address;
      const begun = await ask(false);
      expect(begun).toMatchObject({ outcome: 'begun' });
      expect(await ask(false)).toMatchObject({ outcome: 'under_way', move_id: begun.move_id });
      const [, toOld, toNew] = await Promise.all([
        world.mint('7'),
        redeem('1.5', old),
        redeem('2', other.address),
      ]);
      expect([toOld?.burned, toNew?.burned]).toEqual(['1.5', '2']);
      const waiting = await moveReaches(world, 'revoking');
      expect(waiting.move?.waits_for.join()).toMatch(/DEPOSIT of .* to be revoked/);
      expect(waiting.move?.last_nonce).toBeGreaterThanOrEqual(0);
      const held = (of: CustodyOnWire, address: string) =>
        of.signers.find((it) => it.address === address)?.holdings[0]?.receipt_shares ?? '0';
      expect(held(waiting, old)).toBe('0');
      expect(parseQuantity(held(waiting, other.address))).toBe(parseQuantity('39'));
      expect(await world.balance(old)).toBe(0n);
      await revokeRoles(world, old);
      const done = await moveReaches(world, null);
      expect(done.last_move).toMatchObject({ end: 'completed', from: old, to: other.address });
      await world.mint('1');
      expect(await redeem('3', old)).toMatchObject({ burned: '3' });
      await expectInvariants(world);
    });

    test('and back again is another move', async () => {
      const first = firstSigner(world);
      signAs(world, first, other);
      await world.restart();
      expect((await custodyOf(world)).in_charge).toBe(other.address);
      await expect(ask(false)).rejects.toThrow(/has not the role/);
      await grantRoles(world, first.address);
      expect(await ask(false)).toMatchObject({ outcome: 'begun' });
      await moveReaches(world, 'revoking');
      await revokeRoles(world, other.address);
      expect((await moveReaches(world, null)).last_move).toMatchObject({
        end: 'completed',
        to: first.address,
      });
      expect(await redeem('4', other.address)).toMatchObject({ burned: '4' });
      await expectInvariants(world);
    });
  },
);
