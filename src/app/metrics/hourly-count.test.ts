import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { createHourlyCount } from './hourly-count.ts';

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

test('counts what happened within the last hour, to the minute', () => {
  const pauses = fc.array(fc.oneof(fc.nat(1_000), fc.nat(10 * MINUTE_MS), fc.nat(3 * HOUR_MS)));
  fc.assert(
    fc.property(pauses, fc.nat(2 * HOUR_MS), (them, waitMs) => {
      let nowMs = 0;
      const hour = createHourlyCount({ monotonicMs: () => nowMs });
      const times = them.map((pauseMs) => {
        nowMs += pauseMs;
        hour.add();
        return nowMs;
      });
      nowMs += waitMs;
      const since = (ms: number) => times.filter((it) => it > ms).length;
      expect(hour.count()).toBeGreaterThanOrEqual(since(nowMs - HOUR_MS + MINUTE_MS));
      expect(hour.count()).toBeLessThanOrEqual(since(nowMs - HOUR_MS));
    }),
  );
});
