import { uuidV4 } from '../../primitives/uuid.ts';
import { parseQuantity } from '../../primitives/quantity.ts';
import { type Book, createBook } from './book.ts';
import { type Changes, createChanges } from './changes.ts';
import type { Participant } from './model.ts';
import type { ParticipantOptions, Settings } from './options.ts';
import {
  createParticipantStore,
  createRequestStore,
  type ParticipantStore,
  type RequestStore,
} from './requests.ts';
import { createSchedule, type Schedule } from './schedule.ts';
import { createScript, type Script, type ScriptReader } from './script.ts';

/** Everything the parts of the simulation share. */
export interface World {
  readonly settings: Settings;
  readonly changes: Changes;
  readonly schedule: Schedule;
  readonly script: Script & ScriptReader;
  readonly book: Book;
  readonly requests: RequestStore;
  readonly participants: ParticipantStore;
  /** What the issuer did that Alpaca cannot make sense of. */
  readonly complaints: string[];
  nowMs(): number;
  newId(): string;
}

export function createWorld(settings: Settings): World {
  const { clock, timers, random } = settings.ports;
  const nowMs = () => clock.nowMs();
  const newId = () => uuidV4(random.bytes(16));
  const changes = createChanges();
  const world: World = {
    settings,
    changes,
    schedule: createSchedule(timers, (cause) => {
      changes.fail(cause);
    }),
    script: createScript(),
    book: createBook({ newId, nowMs }),
    requests: createRequestStore(),
    participants: createParticipantStore(),
    complaints: [],
    nowMs,
    newId,
  };
  for (const participant of settings.participants) openAccount(world, participant);
  for (const [symbol, shares] of Object.entries(settings.custodyShares)) {
    world.book.deposit(settings.accountId, symbol, parseQuantity(shares));
  }
  return world;
}

/** Opens an AP's account at Alpaca. @throws Refusal 422 when the email has one. */
export function openAccount(world: World, options: ParticipantOptions): Participant {
  const participant: Participant = {
    email: options.email,
    accountId: options.accountId ?? world.newId(),
    accountNumber: options.accountNumber ?? String(700_000_001 + world.participants.all().length),
    externalId: options.externalId ?? null,
  };
  world.participants.add(participant);
  for (const [symbol, shares] of Object.entries(options.shares ?? {})) {
    world.book.deposit(participant.accountId, symbol, parseQuantity(shares));
  }
  world.changes.notify();
  return participant;
}

/** The AP's id as it goes to the issuer, under the configured name. */
export function participantOnWire(world: World, participant: Participant): Record<string, string> {
  const { idField } = world.settings;
  if (idField === 'client_account_id') return { client_account_id: participant.accountId };
  return participant.externalId === null ? {} : { [idField]: participant.externalId };
}
