const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** A moment in UTC as `--at` takes it back, and how long ago it was: `2026-11-25 18:48:19 UTC (3 min ago)`. */
export function momentText(iso: string, nowMs: number): string {
  return `${absoluteTime(iso)} (${relativeTime(iso, nowMs)})`;
}

/** `2026-11-25 18:48:19 UTC`, with `precise` to the millisecond. */
export function absoluteTime(iso: string, precise = false): string {
  const text = new Date(iso).toISOString();
  return `${text.slice(0, 10)} ${text.slice(11, precise ? 23 : 19)} UTC`;
}

/** `3 min ago`, `in 5 s`. */
export function relativeTime(iso: string, nowMs: number): string {
  const elapsedMs = nowMs - Date.parse(iso);
  if (Math.abs(elapsedMs) < SECOND_MS) return 'now';
  return elapsedMs > 0 ? `${durationText(elapsedMs)} ago` : `in ${durationText(-elapsedMs)}`;
}

/** In the one unit that tells it, rounded down: `59 s`, `3 min`, `47 h`, `12 d`. */
export function durationText(ms: number): string {
  if (ms < MINUTE_MS) return `${String(Math.floor(ms / SECOND_MS))} s`;
  if (ms < HOUR_MS) return `${String(Math.floor(ms / MINUTE_MS))} min`;
  return ms < 2 * DAY_MS ? `${String(Math.floor(ms / HOUR_MS))} h` : `${String(Math.floor(ms / DAY_MS))} d`;
}

/** RFC 3339, or a date with or without a time, which are UTC then. */
const GIVEN = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?))? ?(Z|UTC|[+-]\d\d:\d\d)?$/i;

/** Reads a moment that a person typed; null when it is none. */
export function parseMoment(text: string): string | null {
  const [, day = '', time = '00:00', zone = 'Z'] = GIVEN.exec(text.trim()) ?? [];
  const dayMs = Date.parse(`${day}T00:00Z`);
  const ms = Date.parse(`${day}T${time}${/^utc$/i.test(zone) ? 'Z' : zone.toUpperCase()}`);
  // The platform rolls the 31st of a short month over to the next one.
  const isReal = !Number.isNaN(dayMs) && new Date(dayMs).toISOString().startsWith(day);
  return Number.isNaN(ms) || !isReal ? null : new Date(ms).toISOString();
}
