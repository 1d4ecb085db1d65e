import type { Hex } from 'viem';
import { z } from 'zod';
import type { CallReport } from '../custodian.ts';
import { stageOf } from './statuses.ts';

const HASH = /^0x[0-9a-f]{64}$/;
/** Texts are kept up to here. */
const LONGEST_TEXT = 500;

const text = z.string().nullish();
const peer = z.object({ type: text, id: text }).nullish();

/** Only what is needed, and all of it may be absent or null: what is asked for need not be shown yet. */
const transaction = z.object({
  id: z.string().min(1),
  status: z.string().min(1),
  subStatus: text,
  externalTxId: text,
  txHash: text,
  replacedTxHash: text,
  networkRecords: z.array(z.object({ txHash: text })).nullish(),
  nonce: z.union([z.string(), z.number()]).nullish(),
  createdAt: z.number().nullish(),
  operation: text,
  assetId: text,
  source: peer,
  destination: peer,
  extraParameters: z.object({ contractCallData: text }).nullish(),
  errorDescription: text,
  rejectedBy: text,
});

export const createdSchema = z.object({ id: z.string().min(1), status: z.string().min(1) });

/** Reads Fireblocks' word of one transaction; null for what is none. `clean` blots secrets out of texts. */
export function readReport(value: unknown, clean: (text: string) => string): CallReport | null {
  const read = transaction.safeParse(value);
  if (!read.success) return null;
  const { id, status, createdAt, nonce, source, destination } = read.data;
  const subStatus = kept(read.data.subStatus);
  const hashes = hashesOf(read.data);
  const reason =
    kept(read.data.errorDescription) ??
    (kept(read.data.rejectedBy) === null ? null : `rejected by ${String(read.data.rejectedBy)}`);
  return {
    custodianId: id,
    externalId: kept(read.data.externalTxId),
    status,
    subStatus,
    message: reason === null ? null : clean(reason).slice(0, LONGEST_TEXT),
    stage: stageOf(status, subStatus, hashes.length > 0),
    hashes,
    nonce: nonceOf(nonce),
    createdMs: createdAt ?? null,
    content: present({
      externalTxId: read.data.externalTxId,
      operation: read.data.operation,
      assetId: read.data.assetId,
      'source.type': source?.type,
      'source.id': source?.id,
      'destination.type': destination?.type,
      'destination.id': destination?.id,
      contractCallData: read.data.extraParameters?.contractCallData,
    }),
  };
}

/** Oldest first: what was replaced, what the network's records name, and what it goes by now. */
function hashesOf(read: z.infer<typeof transaction>): readonly Hex[] {
  const named = [read.replacedTxHash, ...(read.networkRecords ?? []).map((it) => it.txHash), read.txHash];
  const hashes = named.flatMap((it) => {
    const hash = it?.toLowerCase() ?? '';
    return isHash(hash) ? [hash] : [];
  });
  return [...new Set(hashes)];
}

function isHash(text: string): text is Hex {
  return HASH.test(text);
}

function nonceOf(nonce: string | number | null | undefined): number | null {
  const value = typeof nonce === 'string' && /^\d{1,15}$/.test(nonce) ? Number(nonce) : nonce;
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : null;
}

/** Fireblocks writes what it has not got as an empty text too. */
function kept(value: string | null | undefined): string | null {
  return value === undefined || value === null || value === '' ? null : value;
}

function present(all: Readonly<Record<string, string | null | undefined>>): CallReport['content'] {
  const entries = Object.entries(all).flatMap(([name, value]) => {
    const text = kept(value);
    return text === null ? [] : [[name, text] as const];
  });
  return Object.fromEntries(entries);
}
