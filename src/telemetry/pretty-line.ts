/**
 * Turns one JSON line of the log into text for a person: time of day (UTC), level, message, then the fields
 * as `name=value`, and an error's stack on lines of its own. A line that is no JSON object is passed on as it
 * is.
 */
export function prettyLine(line: string): string {
  const entry = parse(line);
  if (entry === null) return line;
  const { level, time, msg, err, ...fields } = entry;
  const clock = typeof time === 'string' ? time.slice(11, 23) : '';
  const words = Object.entries(fields).map(([name, value]) => `${name}=${spell(value)}`);
  const head = [clock, spell(level).toUpperCase().padEnd(5), spell(msg ?? ''), ...words];
  return `${head.join(' ').trimEnd()}\n${errorLines(err)}`;
}

function parse(line: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

/** Plain words stand as they are, everything else as JSON. */
function spell(value: unknown): string {
  return typeof value === 'string' && /^[^\s"=][^"\n]*$/.test(value) ? value : (JSON.stringify(value) ?? '');
}

function errorLines(err: unknown): string {
  if (err === undefined || err === null) return '';
  const stack = typeof err === 'object' && 'stack' in err ? err.stack : undefined;
  const text = typeof stack === 'string' ? stack : spell(err);
  return `${text.replaceAll(/^/gm, '    ')}\n`;
}
