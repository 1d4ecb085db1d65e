import { DependencyDown } from '../../engine/dependency-down.ts';
import type { TestChain } from '../test-chain.ts';
import { createTestChain } from '../test-chain.ts';
import type { World } from '../test-world.ts';
import { CHAIN_ID, createWorld, LANE, toyId } from '../test-world.ts';
import { callKind } from './call-kind.ts';
import type { CallState } from './call-state.ts';
import { callId } from './call-state.ts';
import type { TestCustodian } from './test-custodian.ts';
import { createTestCustodian } from './test-custodian.ts';

const worlds: World[] = [];

/** A lane whose custodian broadcasts, with that custodian and the chain. */
export interface Scene {
  readonly world: World;
  readonly held: TestCustodian;
  readonly chain: TestChain;
}

/** `from`: another process on the same database, with the custodian and the chain of that one. */
export async function open(more: { path?: string; restored?: boolean; from?: Scene } = {}): Promise<Scene> {
  const chain = more.from?.chain ?? createTestChain({ chainId: CHAIN_ID });
  const held = more.from?.held ?? createTestCustodian(chain);
  const { path, restored } = more;
  const world = await createWorld({
    chain,
    network: { signer: held.custodian },
    ...(path === undefined ? {} : { path }),
    ...(restored === undefined ? {} : { restored }),
  });
  worlds.push(world);
  return { world, held, chain };
}

/** Every step, whether due or not; an outage of the custodian is met and passed over, as the engine does. */
export async function step(world: World, kind?: 'lane' | 'call'): Promise<void> {
  world.nowMs += 60_000;
  try {
    await world.step(kind);
  } catch (error) {
    if (!(error instanceof DependencyDown)) throw error;
  }
}

export async function callOf(world: World, n: number, attempt = 1): Promise<CallState> {
  return (await world.ledger.load(callKind, callId(LANE, toyId(n), attempt))).state;
}

/** To the custodian, and taken by it. */
export async function asked(scene: Scene, n = 1): Promise<void> {
  await scene.world.add(n);
  await step(scene.world, 'lane');
  await step(scene.world, 'call');
}

export async function closeAll(): Promise<void> {
  await Promise.all(worlds.splice(0).map((it) => it.store.close()));
}
