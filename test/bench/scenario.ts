/** One value that a scenario measures. */
export interface FigureSpec {
  /** Name in `--json` and `--only`; relied on from outside. */
  readonly name: string;
  /** What is measured, in a few words. */
  readonly what: string;
  readonly unit: string;
  /** What it must reach: at least, or at most. */
  readonly target: { readonly atLeast: number } | { readonly atMost: number };
  /** One sentence: what keeps it from being better now. */
  readonly limit: string;
}

/** The measured values, by the names of the scenario's figures. */
export type Figures = Readonly<Record<string, number>>;

/** One experiment: everything it needs is started and measured in one run. */
export interface Scenario {
  readonly title: string;
  readonly figures: readonly FigureSpec[];
  /** Must give every figure. Whatever it starts is handed to `context.onEnd`. */
  run(context: ScenarioContext): Promise<Figures>;
}

export interface ScenarioContext {
  /** Tiny sizes, so that only the machinery is tried: the values mean nothing. */
  readonly quick: boolean;
  /** Tells whoever waits what is going on. */
  progress(text: string): void;
  /** Something that belongs beside the figures: a window, processor time, how often it was repeated. */
  note(text: string): void;
  /** An empty folder that is gone when the scenario ends. */
  folder(): string;
  /** Runs when the scenario ends, however it ends; the last one first. */
  onEnd(end: () => Promise<void> | void): void;
}

/** The middle of the values; the mean of the two middle ones of an even number. */
export function median(values: readonly number[]): number {
  return percentile(values, 50);
}

/** Linear between the two nearest ranks, as spreadsheets have it. */
export function percentile(values: readonly number[], percent: number): number {
  if (values.length === 0) throw new RangeError('no values to take a percentile of');
  const sorted = [...values].sort((a, b) => a - b);
  const rank = ((sorted.length - 1) * percent) / 100;
  const [below, above] = [sorted[Math.floor(rank)] ?? 0, sorted[Math.ceil(rank)] ?? 0];
  return below + (above - below) * (rank - Math.floor(rank));
}
