import { hashText } from './chance.ts';

/** What dies together: events of a process that has crashed never happen. */
export interface Life {
  alive: boolean;
}

/** The one source of time and order of a simulation. */
export interface Scheduler {
  /** Ms since the simulation began. */
  nowMs(): number;
  /** Runs `task` at a later moment, after everything that was asked for earlier at the same moment. */
  after(delayMs: number, label: string, task: () => void, life?: Life): () => void;
  /** Adds to the trace what is no event of its own. */
  note(text: string): void;
  /** Something begins that needs real turns of the event loop, as a request within Fastify; its end is the result. */
  enter(): () => void;
  /** Time stands still until the result is called: something real goes on that waits for nothing simulated. */
  hold(): () => void;
  /** Runs until `isDone` (asked after every event), or until nothing is left before this moment. */
  run(untilMs: number, isDone?: () => boolean): Promise<void>;
  /** Events that ran so far. */
  events(): number;
  /** Hash of the whole trace so far. */
  traceHash(): string;
}

/** Real turns without any sign of life after which a request within Fastify can only wait for a simulated event. */
const QUIET_TURNS = 3;

interface Event {
  readonly atMs: number;
  readonly order: number;
  readonly label: string;
  readonly task: () => void;
  readonly life: Life | null;
  isCancelled: boolean;
}

export function createScheduler(options: {
  readonly startMs: number;
  /** Told of every line of the trace. */
  readonly onTrace?: ((line: string) => void) | undefined;
}): Scheduler {
  const heap = createHeap();
  let nowMs = options.startMs;
  let order = 0;
  let ran = 0;
  let open = 0;
  let held = 0;
  const isHeld = (): boolean => held > 0;
  let activity = 0;
  let [one, two] = [0, 0];

  const note = (text: string): void => {
    const hash = hashText(text);
    one = (Math.imul(one, 31) + hash[0]) >>> 0;
    two = (Math.imul(two, 33) + hash[1]) >>> 0;
    options.onTrace?.(`${(nowMs / 1000).toFixed(3)} ${text}`);
  };

  /** Waits until nothing can go on without a simulated event. */
  const settle = async (): Promise<void> => {
    // A tick comes when all microtasks have run.
    await new Promise<void>((resolve) => {
      process.nextTick(resolve);
    });
    while (isHeld()) {
      await new Promise<void>((resolve) => {
        setImmediate(resolve);
      });
    }
    for (let quiet = 0, seen = activity; quiet < QUIET_TURNS; quiet += 1) {
      if (open === 0) return;
      await new Promise<void>((resolve) => {
        setImmediate(resolve);
      });
      if (activity !== seen) {
        seen = activity;
        quiet = -1;
      }
    }
  };

  return {
    nowMs: () => nowMs,
    after(delayMs, label, task, life) {
      order += 1;
      activity += 1;
      const atMs = nowMs + Math.max(0, delayMs);
      const event: Event = { atMs, order, label, task, life: life ?? null, isCancelled: false };
      heap.push(event);
      return () => {
        event.isCancelled = true;
      };
    },
    note,
    enter() {
      open += 1;
      activity += 1;
      let isOver = false;
      return () => {
        if (isOver) return;
        isOver = true;
        open -= 1;
        activity += 1;
      };
    },
    hold() {
      held += 1;
      return () => {
        held -= 1;
      };
    },
    async run(untilMs, isDone = () => false) {
      for (;;) {
        await settle();
        if (isDone()) return;
        let event = heap.peek();
        while (event !== undefined && (event.isCancelled || event.life?.alive === false)) {
          heap.pop();
          event = heap.peek();
        }
        if (event === undefined || event.atMs > untilMs) {
          nowMs = Math.max(nowMs, untilMs);
          return;
        }
        heap.pop();
        nowMs = Math.max(nowMs, event.atMs);
        ran += 1;
        note(event.label);
        event.task();
      }
    },
    events: () => ran,
    traceHash: () => one.toString(16).padStart(8, '0') + two.toString(16).padStart(8, '0'),
  };
}

/** A binary heap by time, then by order. */
function createHeap() {
  const items: Event[] = [];
  const isBefore = (a: Event, b: Event): boolean =>
    a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
  const swap = (a: number, b: number): void => {
    const [first, second] = [items[a], items[b]];
    if (first === undefined || second === undefined) return;
    items[a] = second;
    items[b] = first;
  };
  const isOutOfOrder = (upper: number, lower: number): boolean => {
    const [above, below] = [items[upper], items[lower]];
    return above !== undefined && below !== undefined && isBefore(below, above);
  };
  return {
    peek: (): Event | undefined => items[0],
    push(event: Event): void {
      items.push(event);
      for (let at = items.length - 1; at > 0;) {
        const parent = (at - 1) >> 1;
        if (!isOutOfOrder(parent, at)) break;
        swap(parent, at);
        at = parent;
      }
    },
    pop(): void {
      const last = items.pop();
      if (last === undefined || items.length === 0) return;
      items[0] = last;
      for (let at = 0; ;) {
        const left = 2 * at + 1;
        const least = isOutOfOrder(left, left + 1) ? left + 1 : left;
        if (!isOutOfOrder(at, least)) break;
        swap(at, least);
        at = least;
      }
    },
  };
}
