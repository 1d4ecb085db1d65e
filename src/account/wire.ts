import { z } from 'zod';
import { keptId } from '../primitives/uuid.ts';
import { address, givenAddress, givenText, moment, nextCursor, uuid } from '../primitives/wire.ts';
import type { AccountView } from './accounts.ts';

/** What the routes of accounts take and give. */

const email = z
  .email()
  .max(254)
  .meta({ description: 'Unique, whatever its case.', examples: ['desk@participant.example'] });

const alpacaAccountId = givenText(128).meta({
  description: 'Alpaca’s id of the participant’s account.',
  examples: ['3f1c7a52-9d1b-4f9e-8a53-0a6f5b5d2c11'],
});

const accountNumber = givenText(128).meta({
  description: 'The participant’s account number at Alpaca.',
  examples: ['9200001'],
});

const clientId = uuid.meta({
  description: 'Our id of the participant; Alpaca calls it `client_external_account_id`.',
  examples: ['c0ffee00-1234-4abc-8def-0123456789ab'],
});

// A misspelled account id must not be taken for none.
export const registerBody = z.strictObject({ email, alpaca_account_id: alpacaAccountId.nullish() });
export const registered = z.object({ client_id: clientId, email });
export const walletBody = z.object({ wallet: givenAddress });
export const success = z.object({ success: z.literal(true) });

export const clientParams = z.object({
  client_id: z
    .string()
    .max(128)
    .meta({ description: 'Our id of the participant, in any case.' })
    .transform(keptId),
});
export const walletParams = clientParams.extend({ wallet: givenAddress });

export const account = z
  .object({
    client_id: clientId,
    email,
    alpaca_account_id: alpacaAccountId.nullable(),
    alpaca_account_number: accountNumber.nullable(),
    wallets: z.array(address).meta({ description: 'Whitelisted wallets, in the order of their addresses.' }),
    created_at: moment,
  })
  .meta({ id: 'Account', description: 'An authorized participant.' });

export const accountPage = z.object({ items: z.array(account), next_cursor: nextCursor });

/** Alpaca's first generation calls the account number `account`. */
export const connectBody = z
  .object({
    // Alpaca's own check of addresses is not ours to repeat: an unknown one is a 404.
    email: givenText(254).meta({ description: 'The email that the participant was registered with.' }),
    client_account_number: accountNumber.nullish(),
    account: accountNumber.nullish().meta({
      description: 'The first generation’s name of `client_account_number`. One of the two is needed.',
      deprecated: true,
    }),
  })
  .meta({ anyOf: [{ required: ['client_account_number'] }, { required: ['account'] }] })
  .transform(({ email, client_account_number: current, account: first }, context) => {
    const [number, other] = [current, first].filter((it) => it !== null && it !== undefined);
    if (number === undefined || (other !== undefined && other !== number)) {
      context.addIssue({
        code: 'custom',
        message: 'one client_account_number is needed, and no other account beside it',
      });
      return z.NEVER;
    }
    return { email, accountNumber: number };
  });

export const connected = z.object({
  client_external_account_id: clientId,
  client_id: clientId.meta({ description: 'The same, under the first generation’s name.', deprecated: true }),
});

export function accountOnWire(view: AccountView): z.infer<typeof account> {
  return {
    client_id: view.clientId,
    email: view.email,
    alpaca_account_id: view.alpacaAccountId,
    alpaca_account_number: view.accountNumber,
    wallets: [...view.wallets],
    created_at: new Date(view.createdMs).toISOString(),
  };
}
