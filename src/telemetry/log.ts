import { pino } from 'pino';
import type { Clock } from '../ports/ports.ts';
import type { AlarmFields } from './alarms.ts';
import { prettyLine } from './pretty-line.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
export type LogFields = Readonly<Record<string, unknown>>;

/**
 * The service's log. State changes at info, what looks wrong at warn, what needs a person at error, polling
 * at debug; ids among the fields of every line; an error object as the field `err`.
 */
export interface Log {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  /** With the name of its alarm, by which docs/runbook.md knows it. */
  error(fields: AlarmFields, message: string): void;
  /** The same log, with these fields on every line. */
  child(fields: LogFields): Log;
}

export interface LogOptions {
  readonly level: LogLevel | 'silent';
  /** `json`: one object a line. `pretty`: for a person at a terminal. */
  readonly format: 'json' | 'pretty';
  readonly clock: Clock;
  /** Takes each line with its newline. */
  readonly write: (line: string) => void;
  /** Texts that are blotted out wherever they turn up, even inside a partner's message. */
  readonly secrets?: readonly string[];
}

/** Shorter ones would blot out ordinary words. */
const SHORTEST_SECRET = 8;

/** Creates the log of a process, on pino. */
export function createLog(options: LogOptions): Log {
  const { clock, format } = options;
  const redact = createRedaction(options.secrets ?? []);
  const destination = {
    write(line: string) {
      const clean = redact(line);
      options.write(format === 'pretty' ? prettyLine(clean) : clean);
    },
  };
  return pino(
    {
      level: options.level,
      base: null,
      timestamp: () => `,"time":"${new Date(clock.nowMs()).toISOString()}"`,
      formatters: { level: (label) => ({ level: label }), log: spellBigints },
    },
    destination,
  );
}

/** Replaces every known secret in a text or a line of JSON, as it is and as JSON spells it. */
export function createRedaction(secrets: readonly string[]): (line: string) => string {
  const spellings = secrets
    .filter((secret) => secret.length >= SHORTEST_SECRET)
    .flatMap((secret) => [secret, JSON.stringify(secret).slice(1, -1)]);
  // The longest first: one secret may contain another.
  const texts = [...new Set(spellings)].sort((a, b) => b.length - a.length);
  return (line) => texts.reduce((clean, text) => clean.replaceAll(text, '[secret]'), line);
}

/** JSON numbers would lose digits of a quantity. */
function spellBigints(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, typeof value === 'bigint' ? String(value) : value]),
  );
}

/** A log that writes nothing. */
export const silentLog: Log = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  child: () => silentLog,
};

export interface LogEntry {
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: LogFields;
}

/** Creates a log that keeps its lines, for tests. */
export function recordingLog(): Log & { readonly entries: readonly LogEntry[] } {
  const entries: LogEntry[] = [];
  const create = (inherited: LogFields): Log => {
    const at = (level: LogLevel) => (fields: LogFields, message: string) => {
      entries.push({ level, message, fields: { ...inherited, ...fields } });
    };
    return {
      debug: at('debug'),
      info: at('info'),
      warn: at('warn'),
      error: at('error'),
      child: (fields) => create({ ...inherited, ...fields }),
    };
  };
  return { ...create({}), entries };
}
