import type { Address } from 'viem';
import type { ChainAsset } from '../../config/values.ts';
import type { Ledger } from '../../event-store/ledger.ts';
import type { Log } from '../../telemetry/log.ts';
import type { Custodian } from '../custodian.ts';
import { accountName, createFireblocksCustodian } from './fireblocks-custodian.ts';
import type { FireblocksApiOptions } from './http-exchange.ts';
import { createFireblocksApi } from './http-exchange.ts';
import { keepAddress } from './kept-address.ts';
import { readVaultAddress } from './read-address.ts';

/**
 * The custodian at a vault account of Fireblocks, by the address that it has.
 *
 * Rejects with `custodian_account`, `custodian_address_changed`, `custodian_unreachable`.
 */
export async function openFireblocks(
  config: Pick<FireblocksApiOptions, 'baseUrl' | 'apiKey' | 'secret'> & {
    readonly vaultAccountId: string;
    readonly assetIds: readonly ChainAsset[];
    /** The address that the account must have; null: the one that it has at the first start. */
    readonly address: Address | null;
  },
  ports: Pick<FireblocksApiOptions, 'http' | 'clock' | 'timers' | 'random'>,
  { ledger, log }: { readonly ledger: Ledger; readonly log: Pick<Log, 'info' | 'warn'> },
): Promise<Custodian> {
  const { baseUrl, apiKey, secret, vaultAccountId } = config;
  const { http, clock, timers, random } = ports;
  const api = createFireblocksApi({ baseUrl, apiKey, secret, http, clock, timers, random });
  const account = {
    vaultAccountId,
    assetIds: new Map(config.assetIds.map((it) => [it.chainId, it.assetId])),
  };
  const named = { name: accountName(vaultAccountId), expected: config.address };
  return createFireblocksCustodian(
    api,
    account,
    await keepAddress(ledger, named, () => readVaultAddress(api, account), log),
  );
}
