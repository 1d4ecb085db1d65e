import type { WorkError, WorkRow } from '../engine/work.ts';

/** What keeps from going on what has not failed itself: a partner that is down for all, a lane that is stopped. */
export interface Hindrance {
  readonly error: WorkError;
  /** When the one that hinders is tried again; null where only a person or an event helps. */
  readonly nextMs: number | null;
}

/** Says what hinders each of these, by its id; what nothing hinders is left out. */
export type Hindrances = (work: readonly WorkRow[]) => Promise<ReadonlyMap<string, Hindrance>>;

/** Nothing hinders anything. */
export const noHindrances: Hindrances = async () => new Map();
