import type { Engine } from '../engine/engine.ts';
import type { WorkRow } from '../engine/work.ts';
import type { Hindrance, Hindrances } from '../operation/hindrance.ts';
import type { Clock } from '../ports/ports.ts';
import type { Lanes } from '../transaction/lanes.ts';

/** Waits that a node alone can end. */
const WAITS_FOR_CHAIN: ReadonlySet<string | null> = new Set(['transaction', 'closing']);

/**
 * Says what hinders work that has no failure of its own to show: a partner that is down is asked by one operation for
 * all that need it, and a lane that does not sign says why once.
 */
export function createHindrances(parts: {
  readonly dependencies: Engine['dependencies'];
  readonly lanes: Pick<Lanes, 'status'>;
  readonly clock: Clock;
}): Hindrances {
  const { dependencies, lanes, clock } = parts;
  return async (work) => {
    const down = new Map(
      dependencies()
        .filter((it) => it.state === 'down')
        .map((it) => [it.name, it]),
    );
    const isForLane = work.some((it) => it.lane !== null);
    const status = new Map((isForLane ? await lanes.status() : []).map((it) => [it.lane, it]));
    const hindranceOf = (row: WorkRow): Hindrance | null => {
      const why = row.lane === null ? null : (status.get(row.lane)?.why ?? null);
      if (why !== null) return { error: { ...why, atMs: clock.nowMs() }, nextMs: null };
      const outage = down.get(neededBy(row) ?? '');
      if (outage === undefined || outage.reason === null) return null;
      return { error: outage.reason, nextMs: outage.nextProbeMs };
    };
    return new Map(
      work.flatMap((row) => {
        const found = hindranceOf(row);
        return found === null ? [] : [[row.id, found] as const];
      }),
    );
  };
}

function neededBy({ dependency, lane, waitingFor, network }: WorkRow): string | null {
  if (dependency !== null) return dependency;
  return lane !== null || WAITS_FOR_CHAIN.has(waitingFor) ? `chain:${network ?? ''}` : null;
}
