import type { Log } from './log.ts';
import type { Counter } from './metrics.ts';

/** The same log, whose lines at warn and error are counted by level, whatever is written of them. */
export function countLines(log: Log, lines: Counter): Log {
  return {
    debug(fields, message) {
      log.debug(fields, message);
    },
    info(fields, message) {
      log.info(fields, message);
    },
    warn(fields, message) {
      lines.add(['warn']);
      log.warn(fields, message);
    },
    error(fields, message) {
      lines.add(['error']);
      log.error(fields, message);
    },
    child: (fields) => countLines(log.child(fields), lines),
  };
}
