import { describe, expect, test } from 'vitest';
import { expectInvariants } from '../e2e/invariants.ts';
import { startWorld } from '../e2e/world.ts';
import { killUnderLoad } from './kills.ts';

const KILLS = Number(process.env['CRASH_KILLS'] ?? 50);
const SEED = Number(process.env['CRASH_SEED'] ?? 1);
/** After so many the books are compared, and the next ones begin on an empty database and a new chain. */
const KILLS_OF_A_ROUND = 50;

const rounds = Array.from({ length: Math.ceil(KILLS / KILLS_OF_A_ROUND) }, (_, at) => ({
  seed: SEED + at,
  kills: Math.min(KILLS_OF_A_ROUND, KILLS - at * KILLS_OF_A_ROUND),
}));

describe('kill -9 under load', () => {
  test.each(rounds)('$kills times, seed $seed: every operation has its one effect', async (round) => {
    // A request whose answer a kill took is repeated until there is one: given up, it would wait for a journal.
    const world = await startWorld({ alpaca: { journalDelayMs: 150, mintAttempts: 100 } });
    try {
      const { open, amidWork, errors } = await killUnderLoad(world, round);
      await expectInvariants(world);
      expect(errors).toEqual([]);
      const requests = world.partners.alpaca.state.requests.filter((it) => it.status === 'completed');
      if (process.env['CRASH_KILLS'] !== undefined) {
        console.log(`seed ${String(round.seed)}: ${String(requests.length)} completed; open at kills:`, open);
      }
      // Most of the kills hit something, and both flows took part.
      expect(amidWork).toBeGreaterThan(round.kills / 3);
      expect(new Set(requests.map((it) => it.type))).toEqual(new Set(['mint', 'redeem']));
    } finally {
      await world.stop();
    }
  });
});
