import cliProgress from 'cli-progress';
import type { OnProgress } from '../../event-store/progress.ts';
import type { Timers } from '../../ports/ports.ts';

/** What is done sooner needs no bar. */
const QUIET_MS = 1_000;
/** The bar is drawn anew at most this often, per second. */
const FRAMES_PER_SECOND = 10;

export interface ProgressBar {
  readonly onProgress: OnProgress;
  /** Takes the bar away. */
  end(): void;
}

/** Creates a bar on the error stream, which appears when a task takes longer than a second; on a terminal only. */
export function createProgressBar(
  title: string,
  timers: Pick<Timers, 'monotonicMs'>,
  stream: NodeJS.WriteStream = process.stderr,
): ProgressBar {
  const startMs = timers.monotonicMs();
  let bar: cliProgress.SingleBar | null = null;
  let shown = '';
  const end = (): void => {
    bar?.stop();
    bar = null;
  };
  return {
    onProgress({ what, done, total }) {
      if (!stream.isTTY || timers.monotonicMs() - startMs < QUIET_MS) return;
      // Another phase begins at zero again, with a total of its own.
      if (what !== shown) end();
      shown = what;
      if (bar === null) {
        bar = new cliProgress.SingleBar({
          stream,
          format: `${title} [{bar}] {percentage} %  {value} of {total} ${what}, {eta_formatted} left`,
          barsize: 24,
          barCompleteChar: '=',
          barIncompleteChar: ' ',
          fps: FRAMES_PER_SECOND,
          // The terminal is left as it is, and Ctrl-C ends the program as ever.
          hideCursor: false,
          linewrap: true,
          gracefulExit: false,
          clearOnComplete: true,
          formatValue: (value, _options, type) =>
            type === 'percentage' ? String(value).padStart(3) : value.toLocaleString('en'),
        });
        bar.start(total, done);
      }
      bar.setTotal(total);
      bar.update(done);
    },
    end,
  };
}
