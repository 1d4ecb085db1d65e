import { backoffMs } from '../engine/backoff.ts';
import type { Random, Sockets, Timers } from '../ports/ports.ts';
import type { Log } from '../telemetry/log.ts';
import type { WatchFilter } from '../vault/filters.ts';
import { type HintSession, openHintSession } from './hint-session.ts';

export interface HintsOptions {
  /** Wire name. */
  readonly network: string;
  /** Of the node's WebSocket; its path and credentials are shown nowhere. */
  readonly url: string;
  readonly chainId: number;
  /** A log is worth a look when so many blocks stand on it. */
  readonly confirmations: number;
  readonly sockets: Sockets;
  readonly timers: Timers;
  readonly random: Random;
  readonly log: Log;
  /** Logs with which something begins, of all vaults at present; null without vaults. */
  readonly filter: () => Promise<WatchFilter | null>;
  /** Whether something is open whose next step a block may bring: then every new head is a hint. */
  readonly isBusy: () => boolean;
  /** Now is a good moment to look at the chain. At most four times a second. */
  readonly onHint: () => void;
}

/** Hints of a network's new blocks and logs; see `createHints`. */
export interface Hints {
  readonly network: string;
  /** Begins to connect. Once only. */
  start(): void;
  /** Ends the connection and all timers. */
  stop(): void;
  /** While true, hints come, and polls may be rare. */
  isAlive(): boolean;
  /** `ok`, or `polling: ` and why; says nothing that the URL hides. */
  status(): string;
  /** Says that the vaults changed. */
  vaultsChanged(): void;
}

/** Connecting, the check of the chain and the subscriptions together take no longer. */
const OPEN_TIMEOUT_MS = 15_000;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;
/** How often the connection is looked at: a node that said nothing since is asked. */
const WATCH_MS = 30_000;
const ANSWER_TIMEOUT_MS = 10_000;
/** Bursts of messages make one hint. */
const COLLECT_MS = 250;
/** Heights that are waited for; more are looked at without waiting. */
const MOST_HEIGHTS = 100;
/** The node that is then asked may be a little behind the one that pushed. */
const SECOND_LOOK_BLOCKS = 2n;

/**
 * Creates the hints of one network. While nothing is open only logs are hints, once they are confirmed;
 * while something is, every new head is one. What the socket says is never believed: a lie costs a look.
 *
 * A connection that ends, that is silent when asked, or whose heads stop while the chain goes on, is made
 * anew after a pause that grows to a minute, for ever.
 */
export function createHints(options: HintsOptions): Hints {
  const { network, timers, isBusy } = options;
  const origin = URL.parse(options.url)?.origin ?? 'an invalid URL';
  const log = options.log.child({ network, origin });
  const safe = createScrubber(options.url);
  const collected = createCollectedHint(options);
  let heights = new Set<bigint>();
  let session: HintSession | null = null;
  let state: 'new' | 'connecting' | 'ok' | 'down' | 'stopped' = 'new';
  let reason = 'not connected yet';
  let failures = 0;
  let watched = '';
  let lastHead: bigint | null = null;
  let headsSeen = 0;
  let attempt = 0;
  let cancel = (): void => {};

  const wait = (delayMs: number, task: () => void): void => {
    cancel();
    cancel = timers.after(delayMs, task);
  };

  const lost = (why: string): void => {
    cancel();
    session?.end();
    session = null;
    attempt += 1;
    if (state === 'stopped') return;
    reason = safe(why);
    if (state !== 'down') log.warn({ reason }, 'no hints of new blocks: polling instead');
    else log.debug({ reason }, 'still no hints of new blocks');
    // Whoever sleeps in trust of hints must know that none will come.
    if (state === 'ok') collected.hint();
    state = 'down';
    failures += 1;
    wait(backoffMs(failures, options.random.fraction(), FIRST_PAUSE_MS, LONGEST_PAUSE_MS), () => {
      void connect();
    });
  };

  const ready = (): void => {
    state = 'ok';
    log.info({}, 'hints of new blocks come in');
    // What happened since the last connection was announced to nobody.
    collected.hint();
    wait(WATCH_MS, watch);
  };

  const onHead = (block: bigint): void => {
    lastHead = block;
    headsSeen += 1;
    const due = [...heights].filter((height) => height <= block);
    for (const height of due) heights.delete(height);
    if (due.length > 0 || isBusy()) collected.hint();
  };

  const onLog = (block: bigint | null): void => {
    const confirmed = block === null ? null : block + BigInt(options.confirmations);
    const room = heights.size + 2 <= MOST_HEIGHTS;
    if (confirmed !== null && room) heights.add(confirmed + SECOND_LOOK_BLOCKS);
    if (confirmed !== null && room && options.confirmations > 0) heights.add(confirmed);
    else collected.hint();
  };

  async function connect(): Promise<void> {
    attempt += 1;
    const mine = attempt;
    wait(OPEN_TIMEOUT_MS, () => {
      lost(`not ready within ${String(OPEN_TIMEOUT_MS)} ms`);
    });
    try {
      const filter = await options.filter();
      if (state === 'stopped' || mine !== attempt) return;
      watched = JSON.stringify(filter);
      heights = new Set();
      lastHead = null;
      const { url, sockets, chainId } = options;
      const events = {
        onReady: ready,
        onHead,
        onLog,
        onEnd: lost,
      };
      session = openHintSession({ url, sockets, chainId, filter }, events);
    } catch (error) {
      if (mine === attempt) lost(error instanceof Error ? error.message : String(error));
    }
  }

  /** The regular look at the connection. */
  function watch(): void {
    // It has held for a while, so the next failure is the first again.
    failures = 0;
    void compareFilter();
    const before = headsSeen;
    wait(WATCH_MS, () => {
      if (headsSeen > before) watch();
      else void askHeight();
    });
  }

  /** Silence may be a quiet chain or a dead connection; only asking tells. */
  async function askHeight(): Promise<void> {
    const asked = session;
    if (asked === null) return;
    wait(ANSWER_TIMEOUT_MS, () => {
      lost('it fell silent');
    });
    try {
      const height = await asked.height();
      if (session !== asked) return;
      if (lastHead !== null && height > lastHead + SECOND_LOOK_BLOCKS) {
        lost(`the chain is at block ${String(height)}, and no heads came since ${String(lastHead)}`);
        return;
      }
      lastHead = height;
      watch();
    } catch (error) {
      if (session === asked) lost(error instanceof Error ? error.message : String(error));
    }
  }

  async function compareFilter(): Promise<void> {
    const asked = session;
    try {
      const filter = await options.filter();
      if (asked === null || session !== asked || state !== 'ok') return;
      const text = JSON.stringify(filter);
      if (text === watched) return;
      watched = text;
      asked.watch(filter);
    } catch (error) {
      if (session === asked) lost(error instanceof Error ? error.message : String(error));
    }
  }

  return {
    network,
    start() {
      if (state !== 'new') return;
      state = 'connecting';
      void connect();
    },
    stop() {
      state = 'stopped';
      reason = 'stopped';
      cancel();
      collected.stop();
      session?.end();
      session = null;
    },
    isAlive: () => state === 'ok',
    status: () => (state === 'ok' ? 'ok' : `polling: ${reason}`),
    vaultsChanged() {
      if (state === 'ok') void compareFilter();
    },
  };
}

/** The first hint at once, those that follow closely as one. */
function createCollectedHint({ timers, onHint }: Pick<HintsOptions, 'timers' | 'onHint'>) {
  let cancel: (() => void) | null = null;
  let again = false;
  let stopped = false;
  const hint = (): void => {
    if (stopped) return;
    if (cancel !== null) {
      again = true;
      return;
    }
    onHint();
    cancel = timers.after(COLLECT_MS, () => {
      cancel = null;
      if (!again) return;
      again = false;
      hint();
    });
  };
  return {
    hint,
    stop() {
      stopped = true;
      cancel?.();
    },
  };
}

/** Takes out of partners' words what the URL hides. */
function createScrubber(text: string): (words: string) => string {
  const url = URL.parse(text);
  const hidden = url === null ? [] : [`${url.pathname}${url.search}`, url.pathname, url.search, url.password];
  const texts = [text, ...hidden].filter((it) => it.length > 1);
  return (words) => texts.reduce((clean, it) => clean.replaceAll(it, () => '[hidden]'), words);
}
