/**
 * Figures of the service, as whoever counts sees them: free of any library. Values of labels are given in the order in
 * which the metric names them.
 */

export interface Counter {
  /** Adds one, or `value`, which is not negative. */
  add(labels: readonly string[], value?: number): void;
}

export interface Gauge {
  set(labels: readonly string[], value: number): void;
  /** Forgets all values: before those that exist now are set anew. */
  clear(): void;
}

export interface Histogram {
  observe(labels: readonly string[], value: number): void;
}

export interface MetricDefinition<Name extends string = string> {
  /** `issuer_<area>_<what>`, its unit last. */
  readonly name: Name;
  readonly help: string;
  readonly labels?: readonly string[];
}

/** Where metrics are made. Each name once. */
export interface Metrics {
  counter(definition: MetricDefinition): Counter;
  gauge(definition: MetricDefinition): Gauge;
  /** `buckets`: upper bounds, rising. */
  histogram(definition: MetricDefinition & { readonly buckets: readonly number[] }): Histogram;
  /**
   * Called before each answer to a scrape, one after the other and never two at once, to set what is not counted as it
   * happens. What it rejects with is counted, and leaves the others alone.
   */
  onScrape(collect: () => Promise<void>): void;
}

/** Upper bounds for what takes from a millisecond to half a minute. */
export const SECONDS_OF_A_CALL = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
/** Upper bounds for what takes from seconds to a day: blocks, journals, people. */
export const SECONDS_OF_A_WAIT = [0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3_600, 14_400, 86_400];
/** Upper bounds for how many share something. */
export const SIZES = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512];
