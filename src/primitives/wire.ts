import { hash as digest } from 'node:crypto';
import type { Address } from 'viem';
import { z } from 'zod';
import { IssuanceError } from './failures.ts';

/**
 * Shapes that many routes share. They validate what comes in, and the OpenAPI document is generated from them: a
 * description here is what an integrator reads.
 */

/** A quantity in an answer. Never a JSON number: those lose digits. */
export const decimal = z
  .string()
  .regex(/^-?\d+(\.\d{1,18})?$/)
  .meta({ description: 'Decimal string of tokens, exact to 18 decimals.', examples: ['2.5'] });

export const moment = z.iso
  .datetime()
  .meta({ description: 'RFC 3339, in UTC, to the millisecond.', examples: ['2026-11-25T09:30:00.000Z'] });

/** A moment in a request. Years of more than four digits, which an offset can make, could not be answered. */
export const givenMoment = z.iso
  .datetime({
    offset: true,
    error: 'not an RFC 3339 date-time, e.g. 2026-11-25T09:30:00Z; in a query, write + as %2B',
  })
  .refine((text) => {
    const timeMs = Date.parse(text);
    // What is no moment at all was said before.
    return Number.isNaN(timeMs) || moment.safeParse(new Date(timeMs).toISOString()).success;
  }, 'out of the years from 0 to 9999');

/** An address in an answer: lower case everywhere. */
export const address = z
  .string()
  .regex(/^0x[0-9a-f]{40}$/)
  .meta({
    description: 'EVM address in lower case.',
    examples: ['0x70997970c51812dc3a010c7d01b50e0d17dc79c8'],
  });

/** An address in a request, in any case; read as it is kept inside. */
export const givenAddress = z
  .string()
  .regex(/^0x[0-9a-fA-F]{40}$/, 'not an address')
  .meta({
    description: 'EVM address; upper and lower case mean the same.',
    examples: ['0x70997970C51812dc3A010C7d01b50e0d17dc79C8'],
  })
  .transform((text) => text.toLowerCase() as Address);

export const hash = z
  .string()
  .regex(/^0x[0-9a-f]{64}$/)
  .meta({ description: 'Hash of a transaction or block, in lower case.' });

export const uuid = z.uuid();

/** Text in a request. Half of a surrogate pair is none: it could not be stored as it came. */
export function givenText(longest: number, base = z.string()) {
  return base
    .min(1)
    .max(longest)
    .refine((text) => text.isWellFormed(), 'not well-formed Unicode');
}

/** A name that a caller gives: of a network, a symbol, an id. Longer ones are no business of ours. */
export const givenName = givenText(256);

/** Why an operator does something; it stands in the log. */
export const reason = givenText(1000, z.string().trim()).meta({
  description: 'Why, in your own words. It is kept in the log.',
  examples: ['checked with the desk'],
});

/** Query of a list that is given in pages. `size`: what comes when the caller does not say. */
export function pageQuery(size: number) {
  return z.object({
    limit: z.coerce
      .number()
      .int()
      .min(1)
      .max(1000)
      .default(size)
      .meta({ description: 'Most items of one page.' }),
    cursor: z
      .string()
      .max(1024)
      .optional()
      .meta({ description: '`next_cursor` of the page before; absent for the first page.' }),
  });
}

export const nextCursor = z
  .string()
  .nullable()
  .meta({ description: '`cursor` of the next page; null after the last one.' });

/** The list that a cursor goes on in: its name, and what narrows it. */
export type ListScope = readonly [name: string, ...narrowed: unknown[]];

/**
 * Writes the place after which a page goes on. Opaque to callers. In another list, or with other filters, the place
 * would skip what it should not: the cursor is good for its own list only.
 */
export function writeCursor(of: ListScope, place: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify([fingerprint(of), ...place])).toString('base64url');
}

/**
 * Reads a cursor back; null where none was given.
 *
 * @throws IssuanceError `malformed` when it is not one that this list gave.
 */
export function readCursor<Place>(
  of: ListScope,
  text: string | undefined,
  shape: z.ZodType<Place>,
): Place | null {
  if (text === undefined) return null;
  const [mark, ...place] = z.array(z.unknown()).safeParse(parsed(decoded(text))).data ?? [];
  const read = shape.safeParse(place);
  if (mark === fingerprint(of) && read.success) return read.data;
  throw new IssuanceError(
    'malformed',
    'the cursor is not one that this list gave with these filters; begin again without it',
  );
}

function fingerprint(of: ListScope): string {
  return digest('sha256', JSON.stringify(of), 'base64url').slice(0, 8);
}

function decoded(text: string): string {
  return Buffer.from(text, 'base64url').toString();
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Anyone may send any text; the caller refuses it.
    return null;
  }
}
