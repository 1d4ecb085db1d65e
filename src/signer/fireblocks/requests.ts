import { z } from 'zod';
import type { CallReport, CallTerms } from '../custodian.ts';

/** Where a call goes, in Fireblocks' terms. */
interface Place {
  readonly vaultAccountId: string;
  /** Of the chain's own coin. */
  readonly assetId: string;
}

/** The body that asks for one contract call of a vault account. */
export function contractCall(
  { externalId, data, gas }: CallTerms,
  { vaultAccountId, assetId }: Place,
  contractWalletId: string,
): string {
  return JSON.stringify({
    operation: 'CONTRACT_CALL',
    externalTxId: externalId,
    assetId,
    source: { type: 'VAULT_ACCOUNT', id: vaultAccountId },
    destination: { type: 'CONTRACT', id: contractWalletId },
    amount: '0',
    feeLevel: 'MEDIUM',
    gasLimit: String(gas),
    note: externalId,
    extraParameters: { contractCallData: data },
  });
}

/** The body that uses up an external id: nothing, from the vault account to itself. */
export function nothingToItself(externalId: string, { vaultAccountId, assetId }: Place): string {
  const account = { type: 'VAULT_ACCOUNT', id: vaultAccountId };
  return JSON.stringify({
    operation: 'TRANSFER',
    externalTxId: externalId,
    assetId,
    source: account,
    destination: account,
    amount: '0',
    note: `uses up ${externalId}`,
  });
}

const peer = z.object({ type: z.string(), id: z.string() });
const request = z.object({
  operation: z.string(),
  externalTxId: z.string(),
  assetId: z.string(),
  source: peer,
  destination: peer,
  extraParameters: z.object({ contractCallData: z.string() }).optional(),
});

/**
 * Names what a report says otherwise than the request. What a report leaves out contradicts nothing: the chain shows
 * the rest, and nothing counts that it does not show.
 */
export function differences(text: string, { content }: CallReport): readonly string[] {
  const { operation, externalTxId, assetId, source, destination, extraParameters } = request.parse(
    JSON.parse(text),
  );
  const asked: Readonly<Record<string, string | undefined>> = {
    operation,
    externalTxId,
    assetId,
    'source.type': source.type,
    'source.id': source.id,
    'destination.type': destination.type,
    'destination.id': destination.id,
    contractCallData: extraParameters?.contractCallData,
  };
  return Object.entries(content)
    .filter(([name, value]) => plain(name, asked[name]) !== plain(name, value))
    .map(([name]) => name);
}

/** Calldata is hex, with or without its prefix, in either case; everything else is compared as it stands. */
function plain(name: string, value: string | undefined): string | undefined {
  return name === 'contractCallData' ? value?.toLowerCase().replace(/^0x/, '') : value;
}
