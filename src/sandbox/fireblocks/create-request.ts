import { z } from 'zod';

const number = z.union([z.string().regex(/^\d+(\.\d+)?$/), z.number().nonnegative()]);

/**
 * Body of `POST /transactions` for a contract call. Names that the API's `TransactionRequest` has and that change
 * nothing here are taken; any other is a mistake of the caller's, and refused.
 */
export const createRequestSchema = z.strictObject({
  operation: z.literal('CONTRACT_CALL'),
  externalTxId: z.string().min(1).max(255),
  assetId: z.string().min(1),
  source: z.strictObject({ type: z.literal('VAULT_ACCOUNT'), id: z.string().min(1) }),
  destination: z.strictObject({ type: z.literal('CONTRACT'), id: z.string().min(1) }),
  amount: number.transform(String),
  extraParameters: z.strictObject({
    contractCallData: z.string().regex(/^(0x)?([0-9a-fA-F]{2})+$/),
  }),
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
});

export type CreateRequest = z.infer<typeof createRequestSchema>;
