import { VersionConflict } from '../event-store/errors.ts';
import type { EventStore } from '../event-store/event-store.ts';
import type { Ledger } from '../event-store/ledger.ts';
import { change } from '../event-store/ledger.ts';
import { WORK_TABLE } from '../engine/work.ts';
import type { LaneId } from '../transaction/lane-feature.ts';
import { decideMint } from './decide.ts';
import { mintKind } from './mint-kind.ts';

/** Mints moved by one call; the next call takes the next ones. */
const AT_ONCE = 1_000;

/**
 * Moves journaled mints of a network, whose signer signs no more, to the lane that signs for it now. The signer of a
 * mint is fixed only when it is signed, so this changes nothing that was promised. Resolves with how many moved.
 */
export async function moveStrandedMints(
  { store, ledger }: { readonly store: EventStore; readonly ledger: Ledger },
  network: string,
  lane: LaneId,
): Promise<number> {
  const rows = await store.find({
    table: WORK_TABLE.name,
    where: { kind: 'mint', phase: 'journaled', network, lane: { not: lane } },
    limit: AT_ONCE,
  });
  let moved = 0;
  for (const row of rows) {
    const loaded = await ledger.load(mintKind, row['id'] as string);
    if (loaded.state.kind !== 'journaled') continue;
    const events = decideMint({ type: 'move', lane }, loaded.state);
    try {
      await ledger.commit({
        changes: [change(mintKind, loaded, events)],
        metadata: { actor: 'engine', reason: 'its signer signs no more', correlation: loaded.id },
      });
      moved += 1;
    } catch (error) {
      // Somebody else moved it on; the next call looks again.
      if (!(error instanceof VersionConflict)) throw error;
    }
  }
  return moved;
}
