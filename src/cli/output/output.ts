import { styleText } from 'node:util';

export type Tone = 'good' | 'bad' | 'warn' | 'quiet' | 'strong';

/** Colours a text, or leaves it alone where nobody would see the colour. */
export type Paint = (tone: Tone, text: string) => string;

/** Where a command prints its result. */
export interface Output {
  /** Columns of the terminal, or of COLUMNS; null where there are none: then each row is one line, however long. */
  readonly width: number | null;
  readonly paint: Paint;
  line(text?: string): void;
  lines(texts: readonly string[]): void;
  /** A remark beside the result, on the error stream: a program that reads the result does not see it. */
  note(text: string): void;
  /** The answer of the service as it came, as one document. */
  json(value: unknown): void;
}

/** The part of a stream that output needs. */
interface Stream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
  on(event: 'error', listener: (error: NodeJS.ErrnoException) => void): unknown;
}

const COLORS = { good: 'green', bad: 'red', warn: 'yellow', quiet: 'dim', strong: 'bold' } as const;
/** Where a terminal does not tell its width. */
const USUAL_WIDTH = 80;

/**
 * Creates the output of a command. Colours appear on a terminal only, and not with NO_COLOR. A reader that had enough
 * (`| head`) ends the program, and is no error.
 */
export function createOutput(
  stream: Stream = process.stdout,
  env: Readonly<Record<string, string | undefined>> = process.env,
): Output {
  const isTerminal = stream.isTTY === true;
  const hasColors = isTerminal && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb';
  stream.on('error', (error) => {
    if (error.code === 'EPIPE') process.exit(0);
    console.error(`issuer: the result cannot be written: ${error.message}`);
    process.exit(1);
  });
  const line = (text = ''): void => void stream.write(`${text}\n`);
  return {
    width: isTerminal ? (stream.columns ?? USUAL_WIDTH) : columnsIn(env['COLUMNS']),
    paint: (tone, text) => (hasColors ? styleText(COLORS[tone], text, { validateStream: false }) : text),
    line,
    lines(texts) {
      for (const text of texts) line(text);
    },
    note(text) {
      console.error(text);
    },
    json(value) {
      line(JSON.stringify(value, null, 2));
    },
  };
}

/** Shells set it for themselves; who exports it wants to read what is in a file. */
function columnsIn(text: string | undefined): number | null {
  return text !== undefined && /^[1-9]\d{0,3}$/.test(text) ? Number(text) : null;
}
