import { encodeFunctionData, erc20Abi } from 'viem';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { parseQuantity } from '../../src/primitives/quantity.ts';
import { expectInvariants } from './invariants.ts';
import type { LaneOnWire } from './outsider.ts';
import { eventTypes, laneOf, mineUntil, reaches, sendWithOurKey, usedNonces } from './outsider.ts';
import type { World } from './world.ts';
import { eventually, startWorld } from './world.ts';

/** An address that nobody in these tests has anything to do with. */
const NOBODY = '0x00000000000000000000000000000000000000aa';
const ALARMS = ['quarantine started', 'the lane is stopped', 'nothing is decided without it'];

describe('somebody else who signs with our key', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(async () => {
    await world.stop();
  });
  beforeEach(() => world.network().chain.setAutomine(true));

  const minted = () => world.balance(world.network().wallet(0).address);
  const completed = async (id: string) =>
    (await world.operations('state=completed')).find((it) => it.id === id);
  /** A mint whose transaction waits in the pool, with its nonce. */
  const waitingMint = async (qty: string) => {
    const { chain } = world.network();
    await chain.setAutomine(false);
    const nonce = await usedNonces(world.network(), world.partners.issuerAddress);
    const { issuerRequestId } = await world.orderMint(qty);
    const id = issuerRequestId ?? '';
    await reaches(world, id, 'submitted');
    await eventually(
      async () =>
        BigInt(
          (await chain.rpc('eth_getTransactionCount', [world.partners.issuerAddress, 'pending'])) as string,
        ) > nonce,
      'the transaction to be in the pool',
    );
    return { id, nonce };
  };
  /** Resolves when the stranger at this nonce is in a block and known to be; the mint must not be free by then. */
  const strangerSeen = (hash: string) =>
    eventually(async () => {
      const lines = world
        .issuer()
        .output.filter((it) => it.includes('transaction mined') && it.includes(hash));
      return lines.length > 0;
    }, 'the stranger to be seen');

  test('before us: nothing is signed until what may be forgotten is final, then the mint happens once', async () => {
    await sendWithOurKey(world.network(), { to: NOBODY });
    const { issuerRequestId } = await world.orderMint('1');
    const quarantined = await eventually(async () => {
      const lane = await laneOf(world);
      return lane.state === 'quarantine' ? lane : null;
    }, 'the quarantine');
    expect(quarantined.why?.code).toBe('quarantine');
    expect(await minted()).toBe(0n);
    await mineUntil(world.network(), () => completed(issuerRequestId ?? ''), 'the mint to complete');

    expect(await minted()).toBe(parseQuantity('1'));
    await expectInvariants(world, { errors: ALARMS });
  });

  test('in place of ours: the mint is free only when that is final, and happens once', async () => {
    const { id, nonce } = await waitingMint('2');
    const hash = await sendWithOurKey(world.network(), { to: NOBODY, nonce });
    await world.network().chain.mine();
    await strangerSeen(hash);
    expect((await reaches(world, id, () => true)).state).toBe('submitted');
    expect((await laneOf(world)).next_nonce).toBe(nonce + 1);

    await world.network().chain.mine(2);
    await eventually(
      async () => (await eventTypes(world, id)).includes('MintReleased'),
      'the mint to be free',
    );
    await mineUntil(world.network(), () => completed(id), 'the mint to complete');
    expect(await minted()).toBe(parseQuantity('3'));
    await expectInvariants(world, { errors: ALARMS });
  });

  test('on a vault: the lane stops until an operator resumes it', async () => {
    const { id, nonce } = await waitingMint('4');
    const { address } = world.vault();
    const data = encodeFunctionData({ abi: erc20Abi, functionName: 'approve', args: [NOBODY, 1n] });
    const hash = await sendWithOurKey(world.network(), { to: address, data, nonce });
    await world.network().chain.mine();
    await strangerSeen(hash);
    await world.network().chain.mine(2);
    const stopped = await eventually(async (): Promise<LaneOnWire | null> => {
      const lane = await laneOf(world);
      return lane.state === 'stopped' ? lane : null;
    }, 'the lane to stop');
    expect(stopped.why?.message).toContain(hash);
    expect((await reaches(world, id, 'journaled')).tx_hash).toBeNull();
    expect(await world.api.call('GET', '/admin/stuck')).toMatchObject({
      lanes: [
        { network: 'base', state: 'stopped', why: { message: expect.stringContaining(hash) as string } },
      ],
    });
    // What waits for the lane shows what the lane says.
    expect((await reaches(world, id, 'journaled')).last_error).toMatchObject({ code: 'stopped' });
    expect(await world.api.call('GET', '/ready')).toMatchObject({
      networks: { base: { lane: expect.stringContaining('stopped') as string } },
    });
    await world.network().chain.mine(3);
    expect((await laneOf(world)).next_nonce).toBe(nonce + 1);

    const reason = 'the approval was looked at';
    expect(await world.api.call('POST', '/networks/base/resume', { reason })).toMatchObject({
      lane_resumed: true,
    });
    expect(await world.api.call('GET', '/admin/stuck')).toMatchObject({ networks: [], transactions: [] });
    await mineUntil(world.network(), () => completed(id), 'the mint to complete');
    expect(await minted()).toBe(parseQuantity('7'));
    await expectInvariants(world, { errors: ALARMS });
  });
});
