/** The part of a stream that is needed here. */
interface Stream {
  write(text: string): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
}

export interface LastingWriterOptions {
  readonly stream: Stream;
  /** Writes straight to the file behind the stream, which ends itself at its first error; throws when it cannot. */
  readonly direct: (text: string) => void;
  /** Told once each time that writing begins to fail. */
  readonly onBroken: (error: Error) => void;
}

/**
 * Writes texts for as long as the process lives. A full disk, or a reader that went away, must not end a service that
 * has more to do than to write its log: what cannot be written is counted, and told where writing goes on.
 */
export function createLastingWriter({
  stream,
  direct,
  onBroken,
}: LastingWriterOptions): (text: string) => void {
  let isEnded = false;
  let lostLines = 0;
  stream.on('error', (error) => {
    // What was being written when it broke is lost with it.
    lostLines += 1;
    if (!isEnded) onBroken(error);
    isEnded = true;
  });
  return (text) => {
    if (!isEnded) {
      stream.write(text);
      return;
    }
    const lines = text.split('\n').length - 1;
    try {
      direct(lostLines === 0 ? text : `${lostText(lostLines)}\n${text}`);
      lostLines = 0;
    } catch (error) {
      if (lostLines === 0) onBroken(error as Error);
      lostLines += lines;
    }
  };
}

function lostText(lines: number): string {
  return JSON.stringify({
    level: 'error',
    lines,
    msg: 'lines of the log were lost: it could not be written',
  });
}
