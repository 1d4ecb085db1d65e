import { z } from 'zod';
import { keptId } from '../primitives/uuid.ts';
import { address, decimal, hash, moment, nextCursor, pageQuery, uuid } from '../primitives/wire.ts';
import { OPERATION_STATES } from './operation-states.ts';
import { pointShape } from './point-in-time.ts';

/** What the routes of operations take and give. */

const kind = z.enum(['mint', 'redemption', 'refund', 'transfer']);
const filter = z.string().max(256).optional();
const ALL_STATES = [...new Set(Object.values(OPERATION_STATES).flat())].sort();
const STATES_IN_WORDS = Object.entries(OPERATION_STATES)
  .map(([of, states]) => `Of a ${of}: ${states.map((it) => `\`${it}\``).join(', ')}.`)
  .join(' ');

export const listQuery = pageQuery(100).extend({
  ...pointShape,
  kind: kind.optional(),
  // A misspelled state must not be taken for one that nothing is in.
  state: z.enum(ALL_STATES).optional().meta({ description: STATES_IN_WORDS }),
  underlying: filter.meta({ description: 'Symbol of the share, exactly.' }),
  network: filter.meta({ description: 'Alpaca’s name of the network, exactly.' }),
  client_id: filter.meta({ description: 'Our id of the participant, in any case.' }),
  // Part of a hash would find nothing, and look as if nothing had happened.
  tx_hash: z
    .string()
    .regex(/^0x[0-9a-fA-F]{64}$/, 'not the hash of a transaction')
    .optional()
    .meta({ description: 'Of the incoming transfer, the mint, or a burn; in any case.' }),
  tokenization_request_id: filter.meta({ description: 'Alpaca’s id, in any case.' }),
  stuck: z
    .enum(['true', 'false'])
    .optional()
    .meta({ description: '`true`: only those past the bound of their state, the longest stuck first.' }),
});

export const idParams = z.object({
  id: z
    .string()
    .max(256)
    .meta({ description: 'Our id of the operation (`issuer_request_id`); in any case.' })
    .transform(keptId),
});

export const lastError = z
  .object({
    code: z.string(),
    message: z.string().meta({ description: 'In the words of whoever failed.' }),
    at: moment,
    request_id: z.string().nullable().meta({ description: 'The partner’s id of the exchange.' }),
    status: z.number().int().nullable().meta({ description: 'The partner’s HTTP status.' }),
  })
  .nullable();

const text = z.string().nullable();

export const operation = z
  .object({
    id: uuid,
    kind,
    state: z
      .string()
      .meta({ description: `${STATES_IN_WORDS} As it was, it may be one of an earlier version.` }),
    waiting_for: text.meta({ description: 'What it needs next: `alpaca`, `lane`, a chain, a journal.' }),
    since: moment.meta({ description: 'When it came into its state.' }),
    reason: text.meta({ description: 'Why it is held, rejected, recorded or closed.' }),
    underlying: text,
    token: text,
    network: text,
    vault: address.nullable(),
    wallet: address
      .nullable()
      .meta({ description: 'Gets the tokens of a mint; sent those of a redemption.' }),
    client_id: text,
    qty: decimal.nullable().meta({ description: 'What Alpaca counts, in tokens; at most nine decimals.' }),
    shares: decimal.nullable().meta({ description: 'What the chain counts, in tokens.' }),
    burned: decimal.nullable(),
    dust: decimal.nullable().meta({ description: 'What Alpaca cannot count; it goes back to the sender.' }),
    tx_hash: hash
      .nullable()
      .meta({ description: 'Of the mint, or of the transfer that brought the tokens.' }),
    receipt_id: text,
    tokenization_request_id: text.meta({ description: 'Alpaca’s id.' }),
    attempts: z.number().int().nullable().meta({ description: 'Of its present step; null at its end.' }),
    last_error: lastError,
    next_attempt_at: moment.nullable(),
    version: z.number().int().meta({ description: 'How many events it has.' }),
    created_at: moment,
  })
  .meta({ id: 'Operation', description: 'A mint or a redemption. Absent values are null.' });

export const operationPage = z.object({ items: z.array(operation), next_cursor: nextCursor });

export const eventsQuery = z.object({
  limit: z.coerce.number().int().min(1).max(10_000).default(10_000).meta({ description: 'Most events.' }),
  after: z.coerce
    .number()
    .int()
    .min(0)
    .default(0)
    .meta({ description: 'Only events of later positions: that of the last one seen gives the next page.' }),
});

export const event = z
  .object({
    position: z.number().int().meta({ description: 'Place in the log of everything.' }),
    version: z.number().int().meta({ description: 'Place in the log of this operation, from 1.' }),
    type: z.string(),
    state: z.string().meta({ description: 'Of the operation after it.' }),
    time: moment,
    actor: z.string().meta({ description: '`engine`, `alpaca`, or the name of an operator’s key.' }),
    reason: text,
    causation: text.meta({ description: 'What led to it: a request’s id, a transaction, a block.' }),
    data: z
      .record(z.string(), z.unknown())
      .meta({ description: 'As stored: amounts count 10⁻¹⁸ token, as decimal strings.' }),
  })
  .meta({ id: 'Event', description: 'Something that happened to an operation.' });

const wei = z.string().regex(/^\d+$/).meta({ description: 'Wei per gas.' });

export const transaction = z
  .object({
    id: z.string().meta({ description: 'Chain, signer and nonce; with a custodian, operation and attempt.' }),
    network: z.string(),
    chain_id: z.number().int(),
    signer: address,
    nonce: z.number().int().nullable().meta({ description: 'Null while a custodian’s is not known.' }),
    phase: z.enum(['requested', 'refused', 'pending', 'held', 'mined', 'final']).meta({
      description:
        'With a custodian: `requested` is not known to be taken, `refused` neither, and it said no; `held` ended ' +
        'there with no hash.',
    }),
    outcome: text.meta({ description: 'How the nonce ended; null before that is final.' }),
    hash: hash.nullable().meta({
      description: 'Of what used the nonce; of the newest bytes while nothing did; null while none is known.',
    }),
    block_number: text,
    operations: z.number().int().meta({ description: 'How many operations share it.' }),
    greatest_cost: decimal.meta({ description: 'At most, in the network’s coin, as a decimal string.' }),
    signed_at: moment,
    mined_at: moment.nullable(),
    final_at: moment.nullable(),
    variants: z
      .array(
        z.object({
          hash,
          body: z.string().meta({ description: '`operations`, or `fill`: they only use the nonce up.' }),
          why: text.meta({ description: 'Why they took the place of earlier ones; null for the first.' }),
          gas: z.string().regex(/^\d+$/),
          max_fee_per_gas: wei,
          max_priority_fee_per_gas: wei,
          signed_at: moment,
        }),
      )
      .meta({ description: 'Every set of bytes that was signed for the nonce; none with a custodian.' }),
    custodian: z
      .object({
        external_id: z.string().meta({ description: 'Ours, under which it was asked for.' }),
        id: text.meta({ description: 'The custodian’s own.' }),
        status: text.meta({ description: 'Its last word, as it gave it.' }),
        sub_status: text,
        message: text,
        hashes: z.array(hash).meta({ description: 'Every hash that was ever named for it.' }),
      })
      .nullable()
      .meta({ description: 'Null where the service signs and sends by itself.' }),
  })
  .meta({ id: 'Transaction', description: 'A nonce, or a custodian’s call, that carried an operation.' });
