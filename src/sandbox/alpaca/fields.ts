import { z } from 'zod';
import { parseQuantity } from '../../primitives/quantity.ts';
import { Refusal } from './refusal.ts';

/** The chains that Alpaca knows by name. */
const networks = [
  'arbitrum',
  'base',
  'binance',
  'cronos',
  'ethereum',
  'hypercore',
  'hyperevm',
  'mantle',
  'robinhood',
  'solana',
  'ton',
  'tron',
] as const;

const QTY = /^\d{1,30}(?:\.(\d+))?$/;
/** Alpaca refuses more, in both directions. */
const MOST_DECIMALS = 9;

/** A quantity on the wire: a plain decimal string, positive, with at most nine decimals as written. */
export const qtyField = z.string().superRefine((text, context) => {
  const match = QTY.exec(text);
  if (match === null) context.addIssue('must be a decimal string');
  else if ((match[1]?.length ?? 0) > MOST_DECIMALS) context.addIssue('must have at most 9 decimals');
  else if (parseQuantity(text) === 0n) context.addIssue('must be positive');
});

export const symbolField = z.string().regex(/^[A-Za-z0-9._-]{1,32}$/, 'must be a symbol');
export const networkField = z.enum(networks);
export const walletField = z.string().regex(/^0x[0-9a-fA-F]{40}$/, 'must be an address');
export const txHashField = z.string().regex(/^0x[0-9a-fA-F]{64}$/, 'must be 0x and 64 hexadecimal digits');
export const issuerRequestIdField = z.string().min(1).max(128);

/** The three names under which an AP may be given. */
export const participantFields = {
  client_external_account_id: z.string().min(1).optional(),
  client_account_id: z.string().min(1).optional(),
  client_id: z.string().min(1).optional(),
};

/** Reads a value by its schema. @throws Refusal 422 that names every fault. */
export function readFields<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const faults = result.error.issues.map(({ path, message }) => {
    const name = path.map(String).join('.');
    return name === '' ? message : `${name}: ${message}`;
  });
  throw new Refusal('unprocessable', faults.join('; '));
}

/** The JSON object of a call. @throws Refusal 400 when the body is none. */
export function readObject(call: { readonly body: unknown }): Record<string, unknown> {
  const { body } = call;
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new Refusal('badRequest', 'the body must be a JSON object');
  }
  return body as Record<string, unknown>;
}

/** JSON value of a text, undefined when it is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
