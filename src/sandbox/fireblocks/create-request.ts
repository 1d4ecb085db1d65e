import { z } from 'zod';

const number = z.union([z.string().regex(/^\d+(\.\d+)?$/), z.number().nonnegative()]);

const vaultAccount = z.strictObject({ type: z.literal('VAULT_ACCOUNT'), id: z.string().min(1) });

/** Names that the API's `TransactionRequest` has for every operation; most of them change nothing here. */
const common = {
  externalTxId: z.string().min(1).max(255),
  assetId: z.string().min(1),
  source: vaultAccount,
  amount: number.transform(String),
  note: z.string().optional(),
  feeLevel: z.enum(['LOW', 'MEDIUM', 'HIGH']).optional(),
  failOnLowFee: z.boolean().optional(),
  maxFee: z.string().optional(),
  gasLimit: number.optional(),
  gasPrice: number.optional(),
  networkFee: number.optional(),
  priorityFee: number.optional(),
  treatAsGrossAmount: z.boolean().optional(),
  customerRefId: z.string().optional(),
  useGasless: z.boolean().optional(),
};

/**
 * Body of `POST /transactions`: a contract call, or coins from the vault account to itself. Any other name in it is a
 * mistake of the caller's, and refused.
 */
export const createRequestSchema = z.discriminatedUnion('operation', [
  z.strictObject({
    operation: z.literal('CONTRACT_CALL'),
    destination: z.strictObject({ type: z.literal('CONTRACT'), id: z.string().min(1) }),
    extraParameters: z.strictObject({
      contractCallData: z.string().regex(/^(0x)?([0-9a-fA-F]{2})+$/),
    }),
    ...common,
  }),
  z.strictObject({ operation: z.literal('TRANSFER'), destination: vaultAccount, ...common }),
]);

export type CreateRequest = z.infer<typeof createRequestSchema>;
