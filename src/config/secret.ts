import { inspect } from 'node:util';

const MASK = '[secret]';

/** A text that never prints: in messages, JSON and inspection it is `[secret]`. */
export interface Secret {
  /** The text itself. Call it where it is used, and keep the result nowhere. */
  reveal(): string;
  toString(): string;
  toJSON(): string;
}

/** Wraps a text so that it shows only where it is asked for. */
export function createSecret(text: string): Secret {
  const secret = {
    reveal: () => text,
    toString: () => MASK,
    toJSON: () => MASK,
    [inspect.custom]: () => MASK,
  };
  return Object.freeze(secret);
}
