import type { Timers } from '../ports/ports.ts';

/** A gas limit that an estimate gave to a batch of the same shape. */
export interface KnownLimit {
  readonly limit: bigint;
  /** A batch that runs with so much gas may be signed with `limit`: what it needs has the margin of an estimate. */
  readonly proof: bigint;
}

/**
 * Gas limits by the shape of a batch: what it does, on which vault, with how many calls. An estimate runs the batch
 * some ten times over, to find how little is enough; that a known limit is enough is seen by running it once.
 */
export interface GasLimits {
  find(shape: string): KnownLimit | null;
  learn(shape: string, estimate: bigint): void;
}

/** A limit is estimated anew after this long: one that became too high would take room in blocks from others. */
const FORGOTTEN_AFTER_MS = 60_000;
/** Shapes kept at once; beyond that all are learnt anew. */
const MOST_SHAPES = 1_000;

/** Gas limit from an estimate: 1.25 times what was used once ran out, since a later state costs more. */
export function withGasMargin(estimate: bigint): bigint {
  return (estimate * 13n) / 10n + 20_000n;
}

export function createGasLimits(timers: Pick<Timers, 'monotonicMs'>): GasLimits {
  const known = new Map<string, KnownLimit & { readonly atMs: number }>();
  return {
    find(shape) {
      const found = known.get(shape);
      return found !== undefined && timers.monotonicMs() - found.atMs < FORGOTTEN_AFTER_MS ? found : null;
    },
    learn(shape, estimate) {
      if (known.size >= MOST_SHAPES) known.clear();
      // A little more than the margin, so that a batch that needs a little more than that one fits too.
      const limit = withGasMargin((estimate * 104n) / 100n);
      known.set(shape, { limit, proof: (limit * 10n) / 13n, atMs: timers.monotonicMs() });
    },
  };
}
