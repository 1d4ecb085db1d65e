import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const MAIN = join(import.meta.dirname, '..', '..', 'src', 'main.js');

/** What the first line of the program gives its environment and Node: `#!/usr/bin/env -S NAME=VALUE… node --FLAG…`. */
const [, SETTINGS = '', FLAGS = ''] =
  /^#!\/usr\/bin\/env -S (.*) node (.*)$/.exec(readFileSync(MAIN, 'utf8').split('\n', 1)[0] ?? '') ?? [];
const ENVIRONMENT = Object.fromEntries(SETTINGS.split(' ').map((it) => it.split('=')));

/** The service as a child process. */
export interface RunningIssuer {
  readonly url: string;
  readonly pid: number;
  /** Every line it wrote so far, standard output and error together. */
  readonly output: readonly string[];
  /** Resolves with the first line, written already or later, that holds this text. */
  waitForLine(text: string): Promise<string>;
  /** Ends it and resolves with its exit code; null when the signal ended it. */
  stop(signal: NodeJS.Signals): Promise<number | null>;
  /** Resolves when it has ended, by itself or not. */
  readonly ended: Promise<number | null>;
}

/**
 * Starts `issuer serve`, or a program in its place, and resolves when it says that it listens; rejects with its output
 * when it ends instead. With `killAfterMs` it is ended by SIGKILL so long after it was started, listening or not.
 */
export async function startIssuerProcess(
  env: Readonly<Record<string, string>>,
  args: readonly string[] = [],
  program: string = MAIN,
  killAfterMs = 0,
): Promise<RunningIssuer> {
  const child = spawn(process.execPath, [...FLAGS.split(' '), program, 'serve', ...args], {
    env: { PATH: process.env['PATH'], ...ENVIRONMENT, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: killAfterMs,
    killSignal: 'SIGKILL',
  });
  const killWithParent = (): void => void child.kill('SIGKILL');
  process.once('exit', killWithParent);
  const output: string[] = [];
  const watchers = new Set<(line: string) => void>();
  const ended = new Promise<number | null>((resolve) => {
    child.once('close', (code) => {
      process.removeListener('exit', killWithParent);
      resolve(code);
    });
  });
  collect(child, (line) => {
    output.push(line);
    for (const watcher of watchers) watcher(line);
  });
  const waitForLine = (text: string): Promise<string> => {
    const known = output.find((line) => line.includes(text));
    if (known !== undefined) return Promise.resolve(known);
    return new Promise((resolve, reject) => {
      const watcher = (line: string): void => {
        if (!line.includes(text)) return;
        watchers.delete(watcher);
        resolve(line);
      };
      watchers.add(watcher);
      const giveUp = async (): Promise<void> => {
        await ended;
        reject(new Error(`the service ended without saying '${text}':\n${output.join('\n')}`));
      };
      void giveUp();
    });
  };
  const { url } = JSON.parse(await waitForLine('"listening"')) as { url: string };
  return {
    url,
    pid: child.pid ?? -1,
    output,
    waitForLine,
    ended,
    stop: (signal) => {
      child.kill(signal);
      return ended;
    },
  };
}

function collect(child: ChildProcess, take: (line: string) => void): void {
  for (const stream of [child.stdout, child.stderr]) {
    if (stream !== null) createInterface({ input: stream }).on('line', take);
  }
}
