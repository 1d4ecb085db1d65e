import { describe, expect, test } from 'vitest';
import type { NetworkCommand } from '../chain/watcher/network.ts';
import { decideNetwork, networkKind } from '../chain/watcher/network.ts';
import { change } from '../event-store/ledger.ts';
import type { World } from './test-world.ts';
import { CHAIN_ID, createWorld, signer, toyId } from './test-world.ts';

async function network(world: World, ...commands: readonly NetworkCommand[]): Promise<void> {
  for (const command of commands) {
    const loaded = await world.ledger.load(networkKind, 'base');
    const changes = [change(networkKind, loaded, decideNetwork(command, loaded.state))];
    await world.ledger.commit({ changes, metadata: { actor: 'test' } });
  }
}

const opened = [
  { type: 'add', chainId: CHAIN_ID },
  { type: 'open', redemptionsFromBlock: 0n },
] as const;
const stop = { type: 'stop', why: 'block 7 is no longer 0xb7', rescan: 'final' } as const;

describe('a network that its watcher stopped', () => {
  test('gets nothing new signed until it is resumed, and the lane says why', async () => {
    const world = await createWorld();
    await network(world, ...opened, stop);
    await world.add(1);
    await world.rounds(3);
    expect(await world.transaction(0)).toEqual({ phase: 'none' });
    expect((await world.lanes.status())[0]?.why).toEqual({
      code: 'network_stopped',
      message: 'the network is stopped: block 7 is no longer 0xb7',
    });
    await network(world, { type: 'resume', actor: 'ada' });
    await world.rounds(6);
    expect(await world.toy(1)).toBe('done');
    expect((await world.lanes.status())[0]?.why).toBeNull();
  });

  test('keeps what is in flight watched, and sent again', async () => {
    const world = await createWorld();
    await network(world, ...opened);
    await world.add(1);
    await world.step('lane');
    world.chain.dropPending();
    await network(world, stop);
    world.nowMs += 20_000;
    await world.rounds(6);
    expect(await world.toy(1)).toBe('done');
    expect(await world.transaction(0)).toMatchObject({ phase: 'final', outcome: 'effect' });
  });

  test('gets no filler either: a quarantine goes on when it is resumed', async () => {
    const world = await createWorld({ restored: true });
    await network(world, ...opened, stop);
    await world.rounds(3);
    expect(world.chain.sent).toEqual([]);
    await network(world, { type: 'resume', actor: 'ada' });
    await world.rounds(3);
    expect(world.chain.sent).not.toEqual([]);
  });

  test('while a transaction is being signed makes its commit fail, and nothing leaves', async () => {
    let world: World | null = null;
    world = await createWorld({
      network: {
        signer: {
          ...signer,
          async sign(unsigned, ask) {
            if (world !== null) await network(world, stop);
            return signer.sign(unsigned, ask);
          },
        },
      },
    });
    await network(world, ...opened);
    await world.add(1);
    await world.step('lane');
    expect(world.chain.sent).toEqual([]);
    expect(await world.transaction(0)).toEqual({ phase: 'none' });
    expect(await world.work(toyId(1))).toMatchObject({ waitingFor: 'lane', attempts: 0 });
  });
});
