/** What the process that makes the load is told. */
export interface LoadJob {
  readonly host: string;
  readonly port: number;
  readonly connections: number;
  /** Holds all requests, one after the other. */
  readonly file: string;
  /** Bytes of each request. */
  readonly lengths: readonly number[];
}

/** What it tells when the last request is answered. */
export interface LoadReport {
  /** From the first byte sent to the last answer. */
  readonly tookMs: number;
  /** How many answers had each status. */
  readonly statuses: Readonly<Record<string, number>>;
  /** From a request's first byte to its answer's last, over all requests. */
  readonly latencyMs: {
    readonly p50: number;
    readonly p90: number;
    readonly p99: number;
    readonly max: number;
  };
  /** Processor time that making the load took. */
  readonly cpuMs: number;
}
