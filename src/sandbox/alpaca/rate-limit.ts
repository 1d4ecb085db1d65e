const WINDOW_MS = 60_000;

/** Counts calls in windows of one minute, for the headers that every answer carries. */
export interface RateLimit {
  /** Counts one call. */
  take(): { readonly allowed: boolean; readonly headers: Readonly<Record<string, string>> };
}

export function createRateLimit(perMinute: number, nowMs: () => number): RateLimit {
  let windowEndsMs = Number.NEGATIVE_INFINITY;
  let used = 0;
  return {
    take() {
      const now = nowMs();
      // Also when the clock jumped back by more than a window.
      if (now >= windowEndsMs || now < windowEndsMs - WINDOW_MS) {
        windowEndsMs = now + WINDOW_MS;
        used = 0;
      }
      used += 1;
      return {
        allowed: used <= perMinute,
        headers: {
          'x-ratelimit-limit': String(perMinute),
          'x-ratelimit-remaining': String(Math.max(0, perMinute - used)),
          'x-ratelimit-reset': String(Math.ceil(windowEndsMs / 1_000)),
        },
      };
    },
  };
}
