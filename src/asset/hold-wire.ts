import { z } from 'zod';
import { pointShape } from '../operation/point-in-time.ts';
import { givenMoment, givenName, givenText, moment, uuid } from '../primitives/wire.ts';

/** What the routes of holds take and give. */

const words = (longest: number) => givenText(longest, z.string().trim());
const scope = z.enum(['new', 'all']).meta({
  description:
    '`new`: new mints are refused and new redemptions wait, what is journaled finishes. `all`: nothing more is ' +
    'signed or journaled either.',
});

export const symbolParams = z.object({
  symbol: givenName.meta({ description: 'Symbol of the share, exactly.', examples: ['AAPL'] }),
});
export const holdParams = symbolParams.extend({
  hold_id: z
    .string()
    .max(256)
    .meta({ description: 'In any case.' })
    .transform((text) => text.toLowerCase()),
});
export const liftQuery = z.object({ reason: words(1000).optional() });

// A misspelled `scope` or `until` must not freeze less, or for longer, than it was meant to.
export const holdBody = z.strictObject({
  owner: words(100).meta({ description: 'Who placed it and may lift it.', examples: ['corporate actions'] }),
  reason: words(1000).meta({ examples: ['split on Friday'] }),
  scope: scope.default('new'),
  from: givenMoment.nullish().meta({ description: 'RFC 3339; absent: from now on.' }),
  until: givenMoment.nullish().meta({ description: 'RFC 3339; absent: until it is lifted.' }),
});
export const placed = z.object({ hold_id: uuid });

const hold = z.object({
  hold_id: uuid,
  owner: z.string(),
  reason: z.string(),
  scope,
  from: moment.nullable(),
  until: moment.nullable(),
  status: z.enum(['future', 'active', 'past', 'lifted']),
  placed_at: moment,
  placed_by: z.string().meta({ description: 'Name of the operator’s key.' }),
  lifted_at: moment.nullable(),
  lifted_by: z.string().nullable(),
  lift_reason: z.string().nullable(),
});

export const holdList = z.object({
  underlying: z.string(),
  at: moment,
  frozen: z.enum(['none', 'new', 'all']).meta({ description: 'What the active ones stop together.' }),
  items: z.array(hold).meta({ description: 'At most 1,000 stand at a time.' }),
});
export const holdsQuery = z.object({
  ...pointShape,
  lifted: z
    .enum(['true', 'false'])
    .default('false')
    .meta({ description: 'Whether to show lifted ones too.' }),
});
export const lifted = z.object({ success: z.literal(true) });
