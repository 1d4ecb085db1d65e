import type { Address } from 'viem';
import type { StoredEvent } from '../../../src/event-store/event-store.ts';
import { evolveOne } from '../../../src/event-store/fold.ts';
import type { SqliteStore } from '../../../src/event-store/sqlite/open-sqlite-store.ts';
import { mintKind } from '../../../src/mint/mint-kind.ts';
import { redemptionKind } from '../../../src/redemption/redemption-kind.ts';
import { refundKind } from '../../../src/refund/refund-kind.ts';
import type { SplitReading } from '../../../src/vault/split-count.ts';
import { EPOCH_MS } from '../places.ts';
import type { World } from '../world.ts';

/** What a stock split changes of what must hold. */

/** Vaults of which a schedule says that they split; a reorg may undo that again. */
export function splitVaults(world: Pick<World, 'spec' | 'topology'>): ReadonlySet<Address> {
  const splits = world.spec.actions.filter((it) => it.kind === 'split');
  return new Set(
    splits.flatMap(({ network, vault }) => world.topology[network]?.vaults[vault]?.address ?? []),
  );
}

/** The count is read, and what was signed for it committed, within so long, ms. */
const SIGNING_MS = 2_000;
/** Nodes that lag tell of the chain as it was so long ago at most, ms. */
const LAG_MS = 15_000;
const STEP_MS = 100;

/**
 * 9: nothing is signed for a quantity that a split has changed: whatever is signed carries a split count that its vault
 * had on the chain right before. A wall clock that jumps tells nothing of when that was.
 */
export async function splitFaults(world: World, store: SqliteStore): Promise<readonly string[]> {
  const split = splitVaults(world);
  if (split.size === 0 || world.spec.rates.clock_jump !== undefined) return [];
  const windowMs = SIGNING_MS + (world.spec.rates.rpc_stale === undefined ? 0 : LAG_MS);
  const faults: string[] = [];
  for (const { id, vault, carried, timeMs } of await signings(store)) {
    if (!split.has(vault)) continue;
    const counts = countsOf(world, vault, timeMs - EPOCH_MS, windowMs);
    if (carried !== null && counts.has(carried.count ?? 0n)) continue;
    const [had, was] = [[...counts].join(' or '), String(carried?.count ?? 'none')];
    faults.push(`9: ${id} was signed for split count ${was}, when its vault had ${had}`);
  }
  return faults;
}

interface Signing {
  readonly id: string;
  readonly vault: Address;
  readonly carried: SplitReading | null;
  readonly timeMs: number;
}

/** Everything that was signed for a quantity, with the split count that it carried then. */
async function signings(store: SqliteStore): Promise<readonly Signing[]> {
  const events = await store.readAll({ after: 0, limit: 10_000 });
  const streams = Map.groupBy(events, (it) => it.stream);
  const found: Signing[] = [];
  for (const [stream, all] of streams) {
    const [category, id = ''] = stream.split('/');
    if (category === 'mint') found.push(...signingsOf(id, all, mintFold()));
    if (category === 'redemption') found.push(...signingsOf(id, all, redemptionFold()));
    if (category === 'refund') found.push(...signingsOf(id, all, refundFold()));
  }
  return found;
}

/** Folds a stream: what it carries before an event that signs; null for any other event. */
type Fold = (event: StoredEvent) => Pick<Signing, 'vault' | 'carried'> | null;

function signingsOf(id: string, events: readonly StoredEvent[], fold: Fold): readonly Signing[] {
  return events.flatMap((event) => {
    const signed = fold(event);
    return signed === null ? [] : [{ id, timeMs: event.timeMs, ...signed }];
  });
}

function mintFold(): Fold {
  let state = mintKind.initialState;
  return (event) => {
    const before = state;
    state = evolveOne(mintKind, state, event);
    if (event.type !== 'MintSubmitted' || !('mint' in before)) return null;
    return { vault: before.mint.terms.vault, carried: before.mint.splits };
  };
}

function redemptionFold(): Fold {
  let state = redemptionKind.initialState;
  return (event) => {
    const before = state;
    state = evolveOne(redemptionKind, state, event);
    if (event.type !== 'BurnSigned' || !('redemption' in before)) return null;
    return { vault: before.redemption.transfer.vault, carried: before.redemption.splits };
  };
}

function refundFold(): Fold {
  let state = refundKind.initialState;
  return (event) => {
    const before = state;
    state = evolveOne(refundKind, state, event);
    if (event.type !== 'RefundSubmitted' || !('refund' in before)) return null;
    return { vault: before.refund.terms.vault, carried: before.refund.splits };
  };
}

/** The split counts that a vault had on any head in the time before a moment of the simulation. */
function countsOf(world: World, vault: Address, atMs: number, windowMs: number): ReadonlySet<bigint> {
  const counts = new Set<bigint>();
  const nowMs = world.scheduler.nowMs();
  for (const { place, chain } of world.networks) {
    if (!place.vaults.some((it) => it.address === vault)) continue;
    for (let ms = atMs - windowMs; ms <= atMs; ms += STEP_MS) {
      counts.add(chain.headAgo(nowMs - ms).state.vaults.get(vault)?.splits ?? 0n);
    }
  }
  return counts;
}
