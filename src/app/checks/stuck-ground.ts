import { NETWORK_TABLE, watchWorkId } from '../../chain/watcher/network.ts';
import { moveWorkId } from '../../custody/custody-kind.ts';
import type { Moves } from '../../custody/move/create-moves.ts';
import type { Engine } from '../../engine/engine.ts';
import type { WorkRow } from '../../engine/work.ts';
import { readWorkRow } from '../../engine/work.ts';
import type { EventStore, Row } from '../../event-store/event-store.ts';
import { readWork } from '../../operation/look-at-work.ts';
import { lastError } from '../../operation/operation-view.ts';
import type { OperationView } from '../../operation/operation-view.ts';
import { stuckCandidates } from '../../operation/stuck.ts';
import type { Clock } from '../../ports/ports.ts';
import { GROUND_BOUNDS_MS, OPENING_BOUND_MS } from './overdue.ts';

/** How long nodes may fail, and how many steps of the watcher, before the network is shown. */
const UNREACHABLE_BOUND_MS = 10 * 60_000;
const FAILURES_BOUND = 20;
/** Rows of each state that are shown; whoever has more knows enough. */
const MOST_SHOWN = 100;
/** More networks than anybody configures. */
const MOST_NETWORKS = 1_000;

interface Waits {
  readonly since: string;
  readonly waiting_for: string | null;
  readonly last_error: OperationView['last_error'];
  readonly next_attempt_at: string | null;
}

export interface StuckNetwork extends Waits {
  readonly network: string;
  readonly state: 'stopped' | 'opening' | 'open';
  readonly why: string;
}

export interface StuckTransaction extends Waits {
  readonly id: string;
  readonly network: string;
  readonly phase: 'pending' | 'mined' | 'requested' | 'refused' | 'held';
}

export interface StuckMove extends Waits {
  readonly network: string;
  readonly move_id: string;
  readonly from: string;
  readonly to: string;
  readonly phase: 'moving' | 'comparing' | 'revoking';
}

/** What operations rest on, and that needs a person, as it is shown. */
export interface StuckGround {
  networks(): Promise<readonly StuckNetwork[]>;
  transactions(): Promise<readonly StuckTransaction[]>;
  moves(): Promise<readonly StuckMove[]>;
}

export function createStuckGround(parts: {
  readonly store: EventStore;
  readonly clock: Clock;
  readonly dependencies: Engine['dependencies'];
  /** Networks of the settings: nobody resumes any other. */
  readonly configured: ReadonlySet<string>;
  readonly movesUnderWay: Moves['underWay'];
}): StuckGround {
  const { store, clock, dependencies, configured, movesUnderWay } = parts;

  const networkOf = async (row: Row): Promise<readonly StuckNetwork[]> => {
    const network = row['network'] as string;
    const state = row['state'] as StuckNetwork['state'];
    const sinceMs = row['since_ms'] as number;
    const nowMs = clock.nowMs();
    const work = await readWork(store, watchWorkId(network, 'head'));
    const shown = (why: string, fromMs: number): readonly StuckNetwork[] => [
      { network, state, why, ...waitsOf(work, fromMs, state === 'stopped' ? 'resume' : `chain:${network}`) },
    ];
    if (state === 'stopped') return shown((row['why'] as string | null) ?? 'not recorded', sinceMs);
    const outage = dependencies().find((it) => it.name === `chain:${network}` && it.state === 'down');
    const said = outage?.reason?.message ?? work?.lastError?.message ?? 'no node has answered yet';
    if (state === 'opening') return sinceMs + OPENING_BOUND_MS <= nowMs ? shown(said, sinceMs) : [];
    const downMs = outage?.sinceMs ?? null;
    if (downMs !== null && downMs + UNREACHABLE_BOUND_MS <= nowMs) return shown(said, downMs);
    const isFailing = work !== null && work.lastError !== null && work.attempts >= FAILURES_BOUND;
    return isFailing ? shown(said, work.lastError.atMs) : [];
  };

  return {
    async networks() {
      const rows = await store.find({
        table: NETWORK_TABLE.name,
        orderBy: [['network', 'asc']],
        limit: MOST_NETWORKS,
      });
      const known = rows.filter((row) => configured.has(row['network'] as string));
      return (await Promise.all(known.map(networkOf))).flat();
    },

    async transactions() {
      const found: StuckTransaction[] = [];
      const { transaction = {}, call = {} } = GROUND_BOUNDS_MS;
      for (const { table, where, orderBy } of stuckCandidates(clock.nowMs(), { transaction, call })) {
        const rows = await store.find({ table, where, orderBy, limit: MOST_SHOWN });
        for (const work of rows.map(readWorkRow)) {
          const phase = work.phase as StuckTransaction['phase'];
          const { id, network, sinceMs } = work;
          found.push({ id, network: network ?? '', phase, ...waitsOf(work, sinceMs, work.dependency) });
        }
      }
      return found;
    },

    async moves() {
      const { move = {} } = GROUND_BOUNDS_MS;
      const found: StuckMove[] = [];
      for (const { network, chainId, moveId, from, to, phase, waitsFor } of await movesUnderWay()) {
        const work = await readWork(store, moveWorkId(chainId));
        if (work === null || work.sinceMs + (move[work.phase] ?? 0) > clock.nowMs()) continue;
        const words = waitsFor.length === 0 ? work.dependency : waitsFor.join('; ');
        const waits = waitsOf(work, work.sinceMs, words);
        const outage = dependencies().find((it) => it.name === work.dependency && it.state === 'down');
        const error = waits.last_error ?? lastError(outage?.reason ?? null);
        found.push({ network, move_id: moveId, from, to, phase, ...waits, last_error: error });
      }
      return found;
    },
  };
}

function waitsOf(work: WorkRow | null, sinceMs: number, waitingFor: string | null): Waits {
  const dueMs = work?.dueMs ?? null;
  return {
    since: new Date(sinceMs).toISOString(),
    waiting_for: waitingFor,
    last_error: lastError(work?.lastError ?? null),
    next_attempt_at: dueMs === null ? null : new Date(dueMs).toISOString(),
  };
}
