/** What happens to a request instead of passing through. */
export type ProxyRule =
  /** The connection is cut before the node sees the request. */
  | { readonly kind: 'drop' }
  /** The node gets the request and acts; the connection is cut instead of the answer. */
  | { readonly kind: 'lose_answer' }
  /** The node answers this error object. */
  | { readonly kind: 'error'; readonly code: number; readonly message: string; readonly data?: unknown }
  /** The node answers this result, whatever the truth. */
  | { readonly kind: 'result'; readonly result: unknown }
  /** The node's own result, changed. */
  | { readonly kind: 'change'; readonly change: (result: unknown, params: readonly unknown[]) => unknown }
  /** A plain HTTP answer, as from a gateway. */
  | { readonly kind: 'http'; readonly status: number; readonly body?: string }
  /** The request waits here until this resolves, then passes. */
  | { readonly kind: 'hold'; readonly until: Promise<void> };

/** A JSON-RPC request as the proxy saw it. */
export interface ProxiedRequest {
  readonly method: string;
  readonly params: readonly unknown[];
}

/** The part of a proxy that tests write and read. What sets something returns the function that ends it. */
export interface ProxyScript {
  /**
   * Sets the rule for a method, or `*` for those without one of their own; `times` limits it to the next so
   * many requests. A later rule for the same method replaces it.
   */
  on(method: string, rule: ProxyRule, times?: number): () => void;
  /** Holds requests of a method until the returned function lets them go. */
  hold(method: string): () => void;
  /** Answers HTTP 429 to `method`, default to all. */
  rateLimit(method?: string): () => void;
  /** Hides the receipts of mined transactions. */
  nullReceipts(): () => void;
  /** Answers every log query with nothing, without an error. */
  emptyLogs(): () => void;
  /** How many requests arrived, of one method or in all. */
  count(method?: string): number;
  /** Every request that arrived, oldest first. */
  requests(): readonly ProxiedRequest[];
  /** Resolves with the next request of that method from now on, before anything is done with it. */
  waitForRequest(method: string): Promise<ProxiedRequest>;
}

/** The script with the proxy's own side of it. */
export interface RunningScript extends ProxyScript {
  /** Notes that a request arrived and gives the rule for it, if there is one. */
  readonly arrive: (request: ProxiedRequest) => ProxyRule | null;
  /** Ends every rule and lets held requests go. */
  readonly clear: () => void;
}

export function createProxyScript(): RunningScript {
  const rules = new Map<string, { readonly rule: ProxyRule; left: number }>();
  const seen: ProxiedRequest[] = [];
  const waiting = new Map<string, ((request: ProxiedRequest) => void)[]>();
  const releases = new Set<() => void>();

  const on = (method: string, rule: ProxyRule, times = Number.POSITIVE_INFINITY) => {
    const active = { rule, left: times };
    rules.set(method, active);
    return () => {
      if (rules.get(method) === active) rules.delete(method);
    };
  };

  return {
    on,
    hold(method) {
      const gate = Promise.withResolvers<void>();
      releases.add(gate.resolve);
      const end = on(method, { kind: 'hold', until: gate.promise });
      return () => {
        end();
        releases.delete(gate.resolve);
        gate.resolve();
      };
    },
    rateLimit: (method = '*') => on(method, { kind: 'http', status: 429, body: 'slow down' }),
    nullReceipts: () => on('eth_getTransactionReceipt', { kind: 'result', result: null }),
    emptyLogs: () => on('eth_getLogs', { kind: 'result', result: [] }),
    count: (method) => seen.filter((request) => method === undefined || request.method === method).length,
    requests: () => [...seen],
    waitForRequest: (method) =>
      new Promise((resolve) => {
        waiting.set(method, [...(waiting.get(method) ?? []), resolve]);
      }),
    arrive(request) {
      seen.push(request);
      for (const notify of waiting.get(request.method) ?? []) notify(request);
      waiting.delete(request.method);
      const key = rules.has(request.method) ? request.method : '*';
      const active = rules.get(key);
      if (active === undefined) return null;
      active.left -= 1;
      if (active.left <= 0) rules.delete(key);
      return active.rule;
    },
    clear() {
      rules.clear();
      for (const release of releases) release();
      releases.clear();
    },
  };
}
