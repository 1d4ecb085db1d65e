import { chance, hashText } from './chance.ts';

/** What can go wrong. Each kind has its own probability in a schedule, zero in most. */
export const faultKinds = [
  // The process.
  'crash',
  'commit_fails',
  'clock_jump',
  // The nodes.
  'rpc_lost_request',
  'rpc_lost_answer',
  'rpc_busy',
  'rpc_null_receipt',
  'rpc_stale',
  'rpc_no_logs',
  'rpc_some_logs',
  'rpc_odd_logs',
  'rpc_range_limit',
  'rpc_estimate_reverts',
  'rpc_other_hash',
  'rpc_pending_back',
  'rpc_send_refused',
  'rpc_wrong_chain',
  'rpc_outage',
  // The signer.
  'sign_fails',
  'sign_altered',
  // The chains.
  'reorg',
  'pool_drop',
  'slow_inclusion',
  'fee_spike',
  'finality_stalls',
  'nonce_taken',
  // Alpaca.
  'alpaca_lost_request',
  'alpaca_lost_answer',
  'alpaca_error',
  'alpaca_busy',
  'alpaca_unreadable',
  'alpaca_quirk',
  'alpaca_hidden',
  'confirm_odd',
  'journal_rejected',
  'journal_slow',
  // Hints over a WebSocket.
  'ws_lost',
  'ws_late',
  'ws_doubled',
  'ws_closed',
  // Calls to the issuer.
  'call_lost_request',
  'call_lost_answer',
] as const;
export type FaultKind = (typeof faultKinds)[number];

export type FaultRates = Readonly<Partial<Record<FaultKind, number>>>;

/** A fault that happened. */
export interface Injected {
  /** Names it in any run of the same seed. */
  readonly id: string;
  readonly kind: FaultKind;
  readonly what: string;
  readonly atMs: number;
}

/** Decides what goes wrong, by hash of the seed, of what is asked, and of how often it was asked. */
export interface Plan {
  /** How often this was asked before; counts it. */
  attempt(identity: string): number;
  happens(kind: FaultKind, identity: string, attempt?: number): boolean;
  /** Uniform in [0, 1), for how a fault looks. */
  fraction(label: string, identity: string, attempt?: number): number;
  readonly injected: readonly Injected[];
  /** From now on nothing goes wrong. */
  stop(): void;
}

export function createPlan(options: {
  readonly seed: number;
  readonly rates: FaultRates;
  /** Only these faults may happen; null for all. */
  readonly only: ReadonlySet<string> | null;
  readonly nowMs: () => number;
}): Plan {
  const { seed, rates, only, nowMs } = options;
  const attempts = new Map<string, number>();
  const injected: Injected[] = [];
  let stopped = false;
  return {
    injected,
    attempt(identity) {
      const before = attempts.get(identity) ?? 0;
      attempts.set(identity, before + 1);
      return before;
    },
    happens(kind, identity, attempt = 0) {
      const rate = rates[kind] ?? 0;
      if (stopped || rate === 0 || chance(seed, kind, identity, attempt) >= rate) return false;
      const what = `${identity} #${String(attempt)}`;
      const id = hashText(`${kind} ${what}`)[0].toString(16);
      if (only !== null && !only.has(id)) return false;
      injected.push({ id, kind, what, atMs: nowMs() });
      return true;
    },
    fraction: (label, identity, attempt = 0) => chance(seed, label, identity, attempt),
    stop() {
      stopped = true;
    },
  };
}
