/**
 * The outside world as the service sees it. Everything that is not a pure function of its input comes through one
 * of these, so that the whole service can run under a virtual clock with simulated partners. The real adapters
 * stand in this folder; nothing else in `src/` may touch time, randomness, timers or the network.
 */

/** Wall-clock time. May jump both ways: never use a difference of two readings as proof of anything. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  nowMs(): number;
}

/** Timers, on a clock that does not jump. */
export interface Timers {
  /** Runs `task` once after `delayMs`; the returned function cancels it. */
  after(delayMs: number, task: () => void): () => void;
  /** Runs `task` in a later turn of the event loop, after input that is already waiting (`setImmediate`). */
  defer(task: () => void): void;
  /** Milliseconds on a monotonic clock, for measuring how long something took. */
  monotonicMs(): number;
}

/** Randomness for ids, nonces of partners, and jitter. */
export interface Random {
  bytes(length: number): Uint8Array;
  /** Uniform in [0, 1). */
  fraction(): number;
}

/** One HTTP exchange. */
export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'DELETE' | 'PATCH' | 'PUT';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** What it is for, in a word or two, for whoever watches; it is not sent. */
  readonly purpose?: string;
  /** The exchange, body included, is given up after this long. */
  readonly timeoutMs: number;
}

export interface HttpResponse {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/**
 * Performs one HTTP exchange. Resolves for every status; rejects with `HttpFailure` when no complete answer came,
 * which never tells whether the other side acted.
 */
export type HttpClient = (request: HttpRequest) => Promise<HttpResponse>;

/**
 * Sends one JSON-RPC request to one endpoint. Resolves with `result`; rejects with `RpcFailure`.
 * Must not retry: retrying is decided above, where the meaning of the method is known.
 */
export type RpcTransport = (request: {
  readonly url: string;
  readonly method: string;
  readonly params: readonly unknown[];
  readonly timeoutMs: number;
}) => Promise<unknown>;

/** An open connection over which the other side pushes text messages. */
export interface PushSocket {
  /** Sends one text message; does nothing before the connection is open and after its end. */
  send(text: string): void;
  /** Ends the connection and frees it at once, whatever the other side does; no event follows. */
  close(): void;
}

/** What happens to a connection. `onClose` comes once and last, also when the connection never opened. */
export interface SocketEvents {
  readonly onOpen: () => void;
  readonly onMessage: (text: string) => void;
  /** `reason` names no part of the URL but what its host shows of itself. */
  readonly onClose: (reason: string) => void;
}

/** Opens a WebSocket to a `ws:` or `wss:` URL. Never throws, and has no time limits of its own. */
export type Sockets = (url: string, events: SocketEvents) => PushSocket;

/** What the process gives to everything it starts. */
export interface Ports {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly http: HttpClient;
  readonly rpc: RpcTransport;
  readonly sockets: Sockets;
}
