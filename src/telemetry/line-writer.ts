/** Writes the lines of one turn of the event loop at once: a call of the system for each costs more than the line. */
export interface LineWriter {
  readonly write: (line: string) => void;
  /** Writes at once what waits; for the end of the process. */
  readonly flush: () => void;
}

export function createLineWriter(options: {
  readonly write: (text: string) => void;
  readonly defer: (task: () => void) => void;
}): LineWriter {
  let waiting = '';
  const flush = (): void => {
    const text = waiting;
    waiting = '';
    if (text !== '') options.write(text);
  };
  return {
    write(line) {
      if (waiting === '') options.defer(flush);
      waiting += line;
    },
    flush,
  };
}
