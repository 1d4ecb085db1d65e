import { z } from 'zod';
import { readFields } from './fields.ts';
import { callEndpoints, sendEndpoints } from './model.ts';
import { deliveries, type DeliveryName, quirks, type QuirkName } from './quirks.ts';
import type { Rule } from './script.ts';

const common = {
  /** Number of the call since the rule was added. */
  when: z.number().int().positive().optional(),
  times: z.union([z.number().int().positive(), z.literal('always')]).optional(),
};
const delayMs = z.number().int().nonnegative().optional();

const answerSchema = z.object({
  status: z.number().int().min(200).max(599),
  headers: z.record(z.string(), z.string()).default({}),
  body: z.unknown(),
});

const callRule = z.strictObject({
  endpoint: z.enum([...callEndpoints, '*']),
  ...common,
  do: z.strictObject({
    delayMs,
    act: z.boolean().optional(),
    reply: z.union([answerSchema, z.literal('drop'), z.literal('hang')]).optional(),
    quirk: z.enum(Object.keys(quirks) as [QuirkName, ...QuirkName[]]).optional(),
  }),
});
const sendRule = z.strictObject({
  endpoint: z.enum(sendEndpoints),
  ...common,
  do: z.strictObject({
    delayMs,
    delivery: z.enum(Object.keys(deliveries) as [DeliveryName, ...DeliveryName[]]).optional(),
  }),
});
const journalRule = z.strictObject({
  endpoint: z.enum(['mint_journal', 'redeem_journal']),
  ...common,
  do: z.strictObject({
    delayMs,
    outcome: z.union([z.literal('hold'), z.strictObject({ reject: z.string() })]).optional(),
  }),
});

/**
 * Reads a rule from JSON, where quirks and deliveries are named instead of being functions.
 *
 * @throws Refusal 422 when it is no rule.
 */
export function ruleFromJson(value: unknown): Rule {
  const endpoint = readFields(z.looseObject({ endpoint: z.string() }), value).endpoint;
  if (sendEndpoints.some((one) => one === endpoint)) {
    const { do: action, ...rule } = readFields(sendRule, value);
    const { delivery, ...rest } = action;
    return defined({
      ...rule,
      do: defined({ ...rest, ...(delivery === undefined ? {} : deliveries[delivery]) }),
    });
  }
  if (endpoint.endsWith('_journal')) {
    const { do: action, ...rule } = readFields(journalRule, value);
    return defined({ ...rule, do: defined(action) });
  }
  const { do: action, ...rule } = readFields(callRule, value);
  const { quirk, ...rest } = action;
  return defined({
    ...rule,
    do: defined({ ...rest, ...(quirk === undefined ? {} : { alter: quirks[quirk] }) }),
  });
}

type Defined<T> = { [K in keyof T]: Exclude<T[K], undefined> };

/** Drops members that are undefined: absent and undefined are different things to our types. */
function defined<T extends object>(value: T): Defined<T> {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as Defined<T>;
}
