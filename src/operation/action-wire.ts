import { z } from 'zod';
import { reason, uuid } from '../primitives/wire.ts';
import { ACTIONS } from './actions.ts';
import { operation } from './wire.ts';

/** What the routes of operators' actions take and give. */

const proof = z.string().trim().min(1).max(256);

// A misspelled `dry_run` must not do what it was meant to try.
export const actionBody = z.strictObject({
  reason,
  dry_run: z
    .boolean()
    .default(false)
    .meta({ description: 'Look, and tell what would be done; nothing is changed.' }),
  expected_version: z.number().int().min(0).nullish().meta({
    description: 'The `version` of the dry run that you decided on. Refused when the operation moved since.',
  }),
  evidence: z
    .union([proof, z.array(proof).max(64)])
    .nullish()
    .meta({ description: 'Transaction hashes, or the id of a journal at Alpaca, as the action asks for.' }),
});

export const actionReport = z
  .object({
    action: z.enum(ACTIONS),
    outcome: z.enum(['done', 'planned', 'refused']).meta({
      description: '`planned` and `refused` are answers of a dry run; otherwise a refusal is a problem.',
    }),
    changed: z.boolean().meta({ description: 'False when it was done before, and of a dry run.' }),
    summary: z.string().meta({ description: 'What was done or would be, or why not, in a sentence.' }),
    found: z.array(z.string()).meta({ description: 'What was found, in sentences; the log keeps it too.' }),
    version: z.number().int().meta({ description: 'Of the operation when it was looked at.' }),
    refund_id: uuid.nullable().meta({ description: 'The operation that sends the tokens back.' }),
    operation,
  })
  .meta({ id: 'ActionReport', description: 'What an operator’s action found, and did.' });
