/** What a caller may take of the server. Every limit holds before any credentials are looked at. */
export interface ServerLimits {
  /** Larger bodies are refused with 413. The largest that a partner sends is below one KiB. */
  readonly bodyBytes: number;
  /** Larger heads are refused with 431. */
  readonly headerBytes: number;
  /** So are heads of more lines, however short these are. */
  readonly headerLines: number;
  /** A caller whose head is not here within this time of its first byte, or of connecting, is cut off. */
  readonly headersTimeoutMs: number;
  /** The same for the whole request. */
  readonly requestTimeoutMs: number;
  /** How often both are looked at. */
  readonly checkEveryMs: number;
  /** A kept-alive connection is closed after this silence. Balancers reuse theirs for a minute. */
  readonly keepAliveMs: number;
  /** A connection on which no byte moves either way for this long is cut: its caller does not read what we answer. */
  readonly stalledMs: number;
  /** Connections at once; more are dropped as they come. */
  readonly connections: number;
}

export const SERVER_LIMITS: ServerLimits = {
  bodyBytes: 1024 * 1024,
  headerBytes: 16 * 1024,
  headerLines: 200,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 30_000,
  checkEveryMs: 2_000,
  keepAliveMs: 72_000,
  stalledMs: 120_000,
  // Files remain for the store and for calls to partners where a process may open 16,384.
  connections: 12_000,
};
