import type { Hints } from '../chain/hints.ts';
import type { Watcher, WatchStatus } from '../chain/watcher/create-watcher.ts';
import type { Engine } from '../engine/engine.ts';
import type { EventStore } from '../event-store/event-store.ts';
import { CUSTODIANS, signerDependency } from '../signer/signer.ts';
import type { Lanes } from '../transaction/lanes.ts';
import type { LaneStatus } from '../transaction/lane-status.ts';

/** `ok`, or what is wrong. */
type Verdict = string;

export interface ReadinessReport {
  readonly ready: boolean;
  readonly store: Verdict;
  readonly alpaca: Verdict;
  /** Whether mints are taken: `ok`, or how much is frozen or disabled. */
  readonly assets: Verdict;
  readonly networks: Readonly<
    Record<
      string,
      {
        readonly chain: Verdict;
        readonly scan: Verdict;
        readonly scan_lag_blocks: number | null;
        /** Of new blocks: `ok`, or `polling: ` and why. */
        readonly hints: Verdict;
        readonly lane: Verdict;
        readonly signer: Verdict;
      }
    >
  >;
}

export interface Readiness {
  report(): Promise<ReadinessReport>;
  /** From now on not ready. */
  stopping(): void;
}

/**
 * Tells what may serve and what is wrong. Only the store and a stop make the service unready: a partner's outage must
 * not take it out of the balancer.
 */
export function createReadiness(parts: {
  readonly store: EventStore;
  readonly watchers: readonly Watcher[];
  /** Of those networks that have a WebSocket. */
  readonly hints: readonly Pick<Hints, 'network' | 'status'>[];
  readonly lanes: Pick<Lanes, 'status'>;
  readonly engine: Pick<Engine, 'dependencies'>;
  /** Rejects when it cannot tell. */
  readonly assets: () => Promise<Verdict>;
}): Readiness {
  const { store, watchers, hints, lanes, engine, assets } = parts;
  let stopping = false;

  const dependency = (name: string): Verdict => {
    const found = engine.dependencies().find((it) => it.name === name);
    if (found === undefined) return 'ok';
    return found.reason?.message ?? (found.state === 'up' ? 'ok' : 'down');
  };

  /** The first custodian that is away; whose accounts sign, or did before. */
  const signers = (): Verdict =>
    CUSTODIANS.map((it) => dependency(signerDependency(it))).find((it) => it !== 'ok') ?? 'ok';

  const hintsOf = (network: string): Verdict =>
    hints.find((it) => it.network === network)?.status() ?? 'polling: no WS URL is set';

  return {
    stopping() {
      stopping = true;
    },
    async report() {
      const failed: ReadinessReport = {
        ready: false,
        store: 'stopping',
        alpaca: 'unknown',
        assets: 'unknown',
        networks: {},
      };
      if (stopping) return failed;
      try {
        await store.lastPosition();
        const laneStatus = await lanes.status();
        const networks = await Promise.all(
          watchers.map(async (watcher) => {
            const scan = await watcher.status();
            const own = laneStatus.filter((it) => it.network === watcher.network && it.state !== 'retired');
            const verdicts = {
              chain: dependency(`chain:${watcher.network}`),
              scan: scanVerdict(scan),
              scan_lag_blocks: lag(scan),
              hints: hintsOf(watcher.network),
              lane: laneVerdict(own),
              signer: own.length === 0 ? 'no signer is configured' : signers(),
            };
            return [watcher.network, verdicts] as const;
          }),
        );
        return {
          ready: true,
          store: 'ok',
          alpaca: dependency('alpaca'),
          assets: await assets(),
          networks: Object.fromEntries(networks),
        };
      } catch (error) {
        return { ...failed, store: error instanceof Error ? error.message : 'cannot be read' };
      }
    },
  };
}

function scanVerdict(scan: WatchStatus): Verdict {
  if (scan.state === 'stopped') return `stopped: ${scan.why ?? 'unknown reason'}`;
  if (scan.state === 'opening') return 'opening';
  return scan.lagging === 0 ? 'ok' : `${String(scan.lagging)} vaults are catching up`;
}

function lag({ headBlock, scannedBlock }: WatchStatus): number | null {
  if (headBlock === null || scannedBlock === null) return null;
  return Math.max(0, Number(headBlock - scannedBlock));
}

function laneVerdict(lanes: readonly LaneStatus[]): Verdict {
  const wrong = lanes.find((it) => it.state !== 'open' || it.why !== null);
  return wrong === undefined ? 'ok' : `${wrong.state}: ${wrong.why?.message ?? 'no reason recorded'}`;
}
