import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { expectInvariants } from './invariants.ts';
import { laneOf, reaches, usedNonces } from './outsider.ts';
import type { World } from './world.ts';
import { eventually, startWorld } from './world.ts';

describe('a signer without gas money', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(async () => {
    await world.stop();
  });

  test('signs nothing, says so, and goes on when it is funded', async () => {
    const { chain } = world.network();
    const signer = world.partners.issuerAddress;
    await world.mint('5');
    const nonces = await usedNonces(world.network(), signer);
    await chain.setBalance(signer, 1_000_000_000n);
    const { issuerRequestId } = await world.orderMint('1');
    const hash = await world.sendBack('2');
    const lane = await eventually(async () => {
      const now = await laneOf(world);
      return now.why?.code === 'insufficient_funds' ? now : null;
    }, 'the lane to say that it is short');
    expect(lane).toMatchObject({ state: 'open', next_nonce: nonces, pending: 0, balance: '0.000000001' });
    expect(lane.why?.message).toContain(signer);
    const redemption = await world.operation(
      `kind=redemption&tx_hash=${hash}`,
      (it) => it.state === 'journaled',
    );
    expect((await reaches(world, issuerRequestId ?? '', () => true)).state).toBe('journaled');
    expect(await world.api.call('GET', '/ready')).toMatchObject({
      status: 'ready',
      networks: { base: { lane: expect.stringContaining('does not cover') as string } },
    });
    expect(await usedNonces(world.network(), signer)).toBe(nonces);

    await chain.setBalance(signer, 10n ** 20n);
    await reaches(world, issuerRequestId ?? '', 'completed');
    await reaches(world, redemption.id, 'completed');
    expect((await laneOf(world)).why).toBeNull();
    const alarms = world.issuer().output.filter((line) => line.includes('"level":"error"'));
    expect(alarms).toHaveLength(1);
    await expectInvariants(world, { errors: ['insufficient_funds'] });
  });
});
