/** What differs from run to run, in one spelling, with one space where there are some. */
export function normal(text: string): string {
  return (
    text
      // Only where no split count was known at the request, which a race decides.
      .replace(/^\d+ .*SplitCountRecorded.*\n.*\n/m, '')
      .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, '<uuid>')
      .replaceAll(/0x[0-9a-f]{40,64}|\b0[23][0-9a-f]{64}\b/gi, '<hex>')
      .replaceAll(/\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d{3})?( UTC|Z)/g, '<time>')
      .replaceAll(/\bmined\b|\bfinal, effect\b/g, '<mined>')
      .replaceAll(/\((now|\d+ \w+ ago|in \d+ \w+)\)/g, '(<ago>)')
      .replaceAll(/\b\d+\.\d+( s)?\b/g, '<number>')
      .replaceAll(/\b\d+\b/g, '<count>')
      .replaceAll(/127\.0\.0\.1:\d+/g, '<host>')
      .replaceAll(/\/\S+\.db\b/g, '<file>')
      .split('\n')
      .map((line) => line.trim().replaceAll(/ +/g, ' '))
      .join('\n')
      .trim()
  );
}

/** The document's output as a pattern: a line of `…` stands for any lines. */
export function pattern(output: string): RegExp {
  const escaped = normal(output)
    .split('\n')
    .map((line) => (line === '…' ? '[^]*' : line.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')))
    .join('\n');
  return new RegExp(`^${escaped.replaceAll('[^]*\n', '[^]*')}$`);
}
