import { z } from 'zod';
import type { EventStore, UpTo } from '../event-store/event-store.ts';
import { IssuanceError } from '../primitives/failures.ts';
import { givenMoment } from '../primitives/wire.ts';

/** How a caller names a moment of the past, and what that means where the clock and the log must be asked. */

export const pointShape = {
  at: givenMoment.optional().meta({ description: 'RFC 3339: as it was at this moment.' }),
  position: z.coerce
    .number()
    .int()
    .min(1)
    .optional()
    .meta({ description: 'As it was at this position of the log.' }),
};

export const atQuery = z.object(pointShape);

/** Undefined for the present. Where both are given, the earlier of the two counts. */
export function upTo({ at, position }: z.infer<typeof atQuery>): UpTo | undefined {
  if (at === undefined && position === undefined) return undefined;
  return {
    ...(at === undefined ? {} : { timeMs: Date.parse(at) }),
    ...(position === undefined ? {} : { position }),
  };
}

/**
 * The first moment, in ms, at which everything up to this point of the log was committed; that of the clock where the
 * point is still to come. What is a matter of the clock, such as a hold's window, is as of that moment.
 */
export async function momentOf(
  store: Pick<EventStore, 'readAll'>,
  { timeMs = Infinity, position }: UpTo,
  nowMs: number,
): Promise<number> {
  if (position === undefined) return timeMs;
  const [event] = await store.readAll({ after: position - 1, limit: 1 });
  return Math.min(timeMs, event?.timeMs ?? nowMs);
}

/** An error for what was not there at the moment that was asked for. */
export function unknownThen(
  code: 'account_unknown' | 'asset_unknown' | 'operation_unknown',
  what: string,
  then: UpTo | undefined,
): IssuanceError {
  return new IssuanceError(
    code,
    then === undefined ? `there is no ${what}` : `at that moment there was no ${what}`,
  );
}
