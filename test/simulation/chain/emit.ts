import type { AbiEvent, Address, Hex } from 'viem';
import { encodeAbiParameters, pad, toEventSelector } from 'viem';
import { decodedEvents, namedEvents } from '../../../src/vault/abi.ts';

/** A log as a contract emits it. */
export interface EmittedLog {
  readonly address: Address;
  readonly topics: readonly Hex[];
  readonly data: Hex;
}

const EMITTED = [...decodedEvents, ...namedEvents] as const;
type EventName = (typeof EMITTED)[number]['name'];

const EVENTS = new Map(
  EMITTED.map((event) => {
    const { inputs } = event as AbiEvent;
    const indexed = inputs.map((input) => input.indexed === true);
    const plain = inputs.filter((_, at) => indexed[at] === false);
    return [event.name, { topic: toEventSelector(event), indexed, plain }] as const;
  }),
);

/** Encodes one event of a vault or a receipt contract; the arguments stand in the order of its declaration. */
export function emitted(address: Address, name: EventName, args: readonly unknown[]): EmittedLog {
  const event = EVENTS.get(name);
  if (event === undefined) throw new RangeError(`no event ${name}`);
  // Every indexed argument of these events is an address, or 32 bytes.
  const topics = args.filter((_, at) => event.indexed[at] === true).map((value) => pad(value as Hex));
  const values = args.filter((_, at) => event.indexed[at] === false);
  return { address, topics: [event.topic, ...topics], data: encodeAbiParameters(event.plain, values) };
}
