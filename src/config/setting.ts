import type { Value } from './values.ts';

/** One variable of the environment. */
export interface Setting<T> {
  readonly name: string;
  /** What it is for, in a sentence or two. */
  readonly about: string;
  /** What its text must be. */
  readonly expected: string;
  /** Text that stands for an absent one; null when there is none. */
  readonly fallback: string | null;
  readonly required: boolean;
  /** A text that could stand here. */
  readonly example: string;
  /** `all`: never printed, and may come from a file as `NAME_FILE`. `url`: all but the host is kept back. */
  readonly secret: 'none' | 'url' | 'all';
  readonly value: Value<T>;
}

interface Description {
  readonly about: string;
  readonly expected: string;
  readonly example?: string;
  readonly secret?: 'none' | 'url' | 'all';
}

/** A setting with a default. */
export function preset<T>(
  name: string,
  fallback: string,
  value: Value<T>,
  description: Description,
): Setting<T> {
  return { example: fallback, secret: 'none', ...description, name, fallback, required: false, value };
}

/** A setting that must be given. */
export function required<T>(
  name: string,
  value: Value<T>,
  description: Description & { readonly example: string },
): Setting<T> {
  return { secret: 'none', ...description, name, fallback: null, required: true, value };
}

/** A setting that may be absent; its value is null then. */
export function optional<T>(
  name: string,
  value: Value<T>,
  description: Description & { readonly example: string },
): Setting<T | null> {
  return { secret: 'none', ...description, name, fallback: null, required: false, value };
}
