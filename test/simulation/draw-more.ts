import { createDice } from './chance.ts';
import { TOPOLOGIES } from './places.ts';
import type { FaultRates } from './plan.ts';
import type { Action, NetworkSpec } from './spec.ts';

/** Draws from dice of their own, so that the seeds of before keep what they drew. */

/** What a share becomes. */
const RATIOS = [
  [2n, 1n],
  [2n, 1n],
  [3n, 2n],
  [1n, 2n],
] as const;

/** Vaults that split once or twice while people act, one of each schedule's at most. */
export function drawSplits(
  seed: number,
  topology: number,
  { startMs, endMs }: { readonly startMs: number; readonly endMs: number },
): readonly Action[] {
  const dice = createDice(seed, 'splits');
  if (!dice.happens(0.15)) return [];
  const places = TOPOLOGIES[topology] ?? [];
  const able = places.flatMap(({ vaults }, network) =>
    vaults.flatMap(({ family }, vault) => (family === 'production' ? [{ network, vault }] : [])),
  );
  const at = dice.pick(able);
  return Array.from({ length: dice.pick([1, 1, 2]) }, () => {
    const [numerator, denominator] = dice.pick(RATIOS);
    return { kind: 'split', atMs: dice.whole(startMs, endMs), ...at, numerator, denominator };
  });
}

/** Networks whose first node pushes hints, and how often those go wrong. */
export function drawHints(
  seed: number,
  networks: readonly NetworkSpec[],
): { readonly networks: readonly NetworkSpec[]; readonly rates: FaultRates } {
  const dice = createDice(seed, 'hints');
  if (!dice.happens(0.25)) return { networks, rates: {} };
  const strength = dice.pick([0, 0.3, 1]);
  const rates = {
    ws_lost: 0.3 * strength,
    ws_late: 0.4 * strength,
    ws_doubled: 0.3 * strength,
    ws_closed: 0.15 * strength,
  };
  return { networks: networks.map((it) => ({ ...it, hasHints: true })), rates: strength === 0 ? {} : rates };
}
