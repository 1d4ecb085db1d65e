import type { Address } from 'viem';
import { z } from 'zod';
import { IssuanceError } from '../../primitives/failures.ts';
import type { FireblocksApi } from './http-exchange.ts';
import { down } from './http-exchange.ts';

const contracts = z.array(
  z.object({
    id: z.string(),
    assets: z.array(
      z.object({ id: z.string().nullish(), address: z.string().nullish(), status: z.string().nullish() }),
    ),
  }),
);

/** Every whitelisted contract, in one list. */
type ContractWallets = z.infer<typeof contracts>;

/** What stands on the whitelist. Rejects with `DependencyDown`. */
export async function readContractWallets(api: FireblocksApi): Promise<ContractWallets> {
  const answer = await api({ method: 'GET', path: '/contracts', purpose: 'fireblocks contracts' });
  const read = contracts.safeParse(answer.body);
  if (!read.success) throw down(`Fireblocks listed no contract wallets: ${answer.text}`);
  return read.data;
}

/**
 * The id of the whitelisted contract wallet for an address on a chain.
 *
 * @throws IssuanceError `contract_not_whitelisted`, with what is there instead
 */
export function contractWalletOf(wallets: ContractWallets, assetId: string, address: Address): string {
  const found = findWallet(wallets, assetId, address);
  if (typeof found === 'string') return found;
  throw new IssuanceError('contract_not_whitelisted', found.why);
}

/** Why each of these contracts that may not be called may not, in a sentence. */
export function notWhitelisted(
  wallets: ContractWallets,
  assetId: string,
  addresses: readonly Address[],
): readonly string[] {
  return addresses.flatMap((it) => {
    const found = findWallet(wallets, assetId, it);
    return typeof found === 'string' ? [] : [found.why];
  });
}

function findWallet(
  wallets: ContractWallets,
  assetId: string,
  address: Address,
): string | { readonly why: string } {
  const found = wallets.flatMap(({ id, assets }) =>
    assets
      .filter((it) => it.id === assetId && it.address?.toLowerCase() === address.toLowerCase())
      .map(({ status }) => ({ id, status: status ?? 'without a status' })),
  );
  const approved = found.find(({ status }) => status === 'APPROVED');
  if (approved !== undefined) return approved.id;
  const [other] = found;
  const there = other === undefined ? 'there is none' : `wallet ${other.id} is ${other.status}`;
  const what = `Fireblocks has no approved contract wallet for ${address} with asset ${assetId} (${there})`;
  return { why: `${what}: whitelist that contract there, and have it approved` };
}
