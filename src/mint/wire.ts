import { z } from 'zod';
import { uuid } from '../primitives/wire.ts';

/**
 * What Alpaca's mint routes take and give, for the document. Bodies are read by `request-body.ts`, which also tells
 * what is wrong in Alpaca's words; a property test holds the two together.
 */

const text = z.string().min(1).max(256);

const tokenizationRequestId = text.meta({
  description: 'Alpaca’s id of the request, and its idempotency key: the same id is the same mint.',
  examples: ['2b7c8a1e-5a0b-4c43-9a39-6f1d0f3f6a10'],
});

const quantity = z
  .union([
    z
      .string()
      .regex(/^\d{1,40}(\.\d{1,9}0{0,51})?$/)
      .meta({ examples: ['10.5'] }),
    z.number().positive().max(1e12),
  ])
  .meta({
    description:
      'Tokens, above 0 and up to 10¹², with at most nine significant decimals. A decimal string, or a JSON number, ' +
      'whose digits are read as they were sent.',
    examples: ['10.5', 10.5],
  });

export const mintBody = z
  .looseObject({
    tokenization_request_id: tokenizationRequestId,
    qty: quantity,
    underlying_symbol: text.meta({ description: 'Symbol of the share.', examples: ['AAPL'] }),
    token_symbol: text.meta({ description: 'Symbol of the token.', examples: ['tAAPL'] }),
    network: text.meta({ description: 'Where the tokens are minted.', examples: ['base'] }),
    wallet_address: text.meta({
      description: 'A whitelisted wallet of the participant; it gets the tokens.',
      examples: ['0x70997970C51812dc3A010C7d01b50e0d17dc79C8'],
    }),
    client_external_account_id: text
      .meta({
        description: 'Our id of the participant.',
        examples: ['c0ffee00-1234-4abc-8def-0123456789ab'],
      })
      .optional(),
    client_id: text
      .meta({
        description: 'The first generation’s name of `client_external_account_id`.',
        deprecated: true,
      })
      .optional(),
    client_account_id: text
      .meta({
        description: 'Alpaca’s id of the participant’s account; read where neither of our ids is given.',
      })
      .optional(),
  })
  .meta({
    description: 'Members that are not named here are ignored.',
    anyOf: [
      { required: ['client_external_account_id'] },
      { required: ['client_id'] },
      { required: ['client_account_id'] },
    ],
  });

const issuerRequestId = uuid.meta({
  description: 'Our id of the mint: a function of Alpaca’s, so that a repeat is answered with the same.',
  examples: ['9f3c0a58-3a57-5e0c-9a52-8b2f7f0f4a77'],
});

export const mintAnswer = z.object({ issuer_request_id: issuerRequestId, status: z.literal('created') });

export const confirmBody = z
  .looseObject({
    tokenization_request_id: tokenizationRequestId,
    issuer_request_id: text.meta({
      description: 'The id that the mint request was answered with.',
      examples: ['9f3c0a58-3a57-5e0c-9a52-8b2f7f0f4a77'],
    }),
    status: z
      .enum(['completed', 'rejected'])
      .meta({ description: 'What became of the journal of the shares.' }),
    reason: z.string().optional().meta({ description: 'Why it was rejected; kept for people.' }),
  })
  .meta({ description: 'Members that are not named here are ignored.' });

export const confirmAnswer = z.object({}).meta({ description: 'Stored, durably.' });
