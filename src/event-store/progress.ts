/** How far a long task has come, for a person who waits. */
export interface Progress {
  readonly what: 'events' | 'rows' | 'pages';
  readonly done: number;
  /** May grow while the task runs; never below `done`. */
  readonly total: number;
}

/** Told now and then, in the middle of the task: it must be quick. */
export type OnProgress = (progress: Progress) => void;

/** Events or rows between two reports. */
const STEP = 1_000;

/** Counts up to about `total` and reports at the start and every thousand. */
export function createCounter(what: Progress['what'], total: number, onProgress: OnProgress | undefined) {
  let done = 0;
  let nextReport = STEP;
  onProgress?.({ what, done, total });
  return (count: number): void => {
    done += count;
    if (done < nextReport) return;
    nextReport = done + STEP;
    onProgress?.({ what, done, total: Math.max(done, total) });
  };
}
