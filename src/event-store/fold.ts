import { UnreadableEvent } from './errors.ts';
import type { JsonObject, StoredEvent } from './event-store.ts';
import type { DomainEvent, Loaded, StreamFacts, StreamKind } from './ledger.ts';

/** What the fold needs to know of an event. */
export interface FoldedEvent {
  readonly stream: string;
  readonly version: number;
  readonly type: string;
  readonly schema: number;
  readonly data: JsonObject;
}

/** State and facts of a stream after its events. @throws UnreadableEvent */
export function foldStream<State, Event extends DomainEvent>(
  kind: StreamKind<State, Event>,
  id: string,
  events: readonly StoredEvent[],
): Loaded<State> {
  let state = kind.initialState;
  let facts: StreamFacts | null = null;
  for (const event of events) {
    const next = evolveOne(kind, state, event);
    facts = factsAfter(kind, facts, id, event.version, event.timeMs, state, next);
    state = next;
  }
  return { id, version: facts?.version ?? 0, state, facts };
}

/** The facts after one more event that turned `before` into `after`. */
export function factsAfter<State, Event extends DomainEvent>(
  kind: StreamKind<State, Event>,
  facts: StreamFacts | null,
  id: string,
  version: number,
  timeMs: number,
  before: State,
  after: State,
): StreamFacts {
  if (facts === null) return { id, version, createdMs: timeMs, updatedMs: timeMs, sinceMs: timeMs };
  const moved = kind.phase(before) !== kind.phase(after);
  return { ...facts, version, updatedMs: timeMs, sinceMs: moved ? timeMs : facts.sinceMs };
}

/** One step of the fold: lifts the event to its present schema and applies it. @throws UnreadableEvent */
export function evolveOne<State, Event extends DomainEvent>(
  kind: StreamKind<State, Event>,
  state: State,
  event: FoldedEvent,
): State {
  const data = upcast(kind, event);
  let next: State | undefined;
  try {
    next = kind.evolve(state, { type: event.type, data } as Event);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new UnreadableEvent(event, `${kind.category} cannot evolve by it: ${why}`, error);
  }
  if (next === undefined)
    throw new UnreadableEvent(event, `${kind.category} does not know this type of event`);
  return next;
}

type Schemas = { readonly schemas?: Readonly<Partial<Record<string, number>>> };
type Upcast = Schemas & Pick<StreamKind<unknown, DomainEvent>, 'upcast'>;

/** Current schema of a type of event. */
export function currentSchema(kind: Schemas, type: string): number {
  return kind.schemas?.[type] ?? 1;
}

function upcast(kind: Upcast, event: FoldedEvent): JsonObject {
  const current = currentSchema(kind, event.type);
  if (event.schema === current) return event.data;
  if (event.schema > current)
    throw new UnreadableEvent(event, `this program knows schema ${current} at most`);
  if (kind.upcast === undefined) throw new UnreadableEvent(event, `nothing lifts it to schema ${current}`);
  return kind.upcast(event.type, event.schema, event.data);
}
