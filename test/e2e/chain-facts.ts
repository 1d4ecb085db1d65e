import type { Abi, Address, Hex } from 'viem';
import { parseEventLogs, zeroAddress } from 'viem';
import productionVault from '../../contracts/artifacts/ProductionVault.json' with { type: 'json' };
import { decodeReceiptInformation } from '../../src/vault/receipt-information.ts';
import { readTag } from '../../src/vault/tag.ts';
import type { LocalChain } from '../../src/sandbox/local-chain.ts';
import type { World } from './world.ts';

/** Both families emit the same three events; the deposit's bytes and the calldata's tag tell whose they are. */
const ABI = productionVault.abi as Abi;

interface DepositFact {
  /** From the deposit's own bytes; null when they are not of this service. */
  readonly operationId: string | null;
  readonly owner: string;
  readonly assets: bigint;
  readonly transactionHash: Hex;
}

interface WithdrawalFact {
  /** From the tag of the transaction that burned. */
  readonly operationIds: readonly string[];
  readonly owner: string;
  readonly shares: bigint;
  readonly receiptId: bigint;
  readonly transactionHash: Hex;
}

interface TransferFact {
  readonly from: string;
  readonly to: string;
  readonly value: bigint;
  readonly transactionHash: Hex;
}

/** Everything that ever happened on one vault, read from the chain alone. Addresses in lower case. */
export interface VaultFacts {
  readonly network: string;
  readonly vault: Address;
  readonly underlying: string;
  readonly deposits: readonly DepositFact[];
  readonly withdrawals: readonly WithdrawalFact[];
  /** Without those of mints and burns. */
  readonly transfers: readonly TransferFact[];
  readonly totalSupply: bigint;
  /** Shares in our wallets. */
  readonly held: bigint;
}

/** Reads every vault, past ones too. */
export async function readVaults(world: World): Promise<readonly VaultFacts[]> {
  const { items } = (await world.api.call('GET', '/tokenized-assets/all')) as {
    items: { underlying: string; network: string; vault: Address; past_vaults: Address[] }[];
  };
  const vaults = items.flatMap(({ underlying, network, vault, past_vaults }) =>
    [vault, ...past_vaults].map((it) => ({ underlying, network, vault: it })),
  );
  return Promise.all(vaults.map((it) => readVault(world, it)));
}

async function readVault(
  world: World,
  place: { readonly underlying: string; readonly network: string; readonly vault: Address },
): Promise<VaultFacts> {
  const { chain } = world.network(place.network);
  const raw = await chain.rpc('eth_getLogs', [{ address: place.vault, fromBlock: '0x0', toBlock: 'latest' }]);
  const logs = parseEventLogs({
    abi: ABI,
    eventName: ['Deposit', 'Withdraw', 'Transfer'],
    logs: raw as Parameters<typeof parseEventLogs>[0]['logs'],
  });
  const deposits: DepositFact[] = [];
  const withdrawals: WithdrawalFact[] = [];
  const transfers: TransferFact[] = [];
  const tags = new Map<Hex, readonly string[]>();
  for (const { eventName, args: values, transactionHash } of logs) {
    const args = values as unknown as Readonly<Record<string, Hex>>;
    if (transactionHash === null) throw new Error('a mined log has a transaction');
    const text = (name: string): string => (args[name] ?? '').toLowerCase();
    const amount = (name: string): bigint => BigInt(args[name] ?? -1);
    if (eventName === 'Deposit') {
      const information = decodeReceiptInformation(args['receiptInformation'] ?? '0x');
      const operationId = information.kind === 'known' ? information.issuer_request_id : null;
      deposits.push({ operationId, owner: text('owner'), assets: amount('assets'), transactionHash });
    } else if (eventName === 'Withdraw') {
      const operationIds = tags.get(transactionHash) ?? (await readTagOf(chain, transactionHash));
      tags.set(transactionHash, operationIds);
      withdrawals.push({
        operationIds,
        owner: text('owner'),
        shares: amount('shares'),
        receiptId: amount('id'),
        transactionHash,
      });
    } else if (text('from') !== zeroAddress && text('to') !== zeroAddress) {
      transfers.push({ from: text('from'), to: text('to'), value: amount('value'), transactionHash });
    }
  }
  const call = async (data: string): Promise<bigint> =>
    BigInt((await chain.rpc('eth_call', [{ to: place.vault, data }, 'latest'])) as Hex);
  const held = world.signers.map((it) => call(`0x70a08231${it.slice(2).padStart(64, '0')}`));
  return {
    ...place,
    deposits,
    withdrawals,
    transfers,
    totalSupply: await call('0x18160ddd'),
    held: (await Promise.all(held)).reduce((sum, it) => sum + it, 0n),
  };
}

async function readTagOf(chain: LocalChain, transactionHash: Hex): Promise<readonly string[]> {
  const { input } = (await chain.rpc('eth_getTransactionByHash', [transactionHash])) as { input: Hex };
  return readTag(input)?.operationIds ?? [];
}
