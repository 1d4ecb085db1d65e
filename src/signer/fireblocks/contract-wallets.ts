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

/**
 * The id of the whitelisted contract wallet for an address on a chain.
 *
 * @throws IssuanceError `contract_not_whitelisted`, with what is there instead
 */
export async function findContractWallet(
  api: FireblocksApi,
  assetId: string,
  address: Address,
): Promise<string> {
  const answer = await api({ method: 'GET', path: '/contracts', purpose: 'fireblocks contracts' });
  const read = contracts.safeParse(answer.body);
  if (!read.success) throw down(`Fireblocks listed no contract wallets: ${answer.text}`);
  const found = read.data.flatMap(({ id, assets }) =>
    assets
      .filter((it) => it.id === assetId && it.address?.toLowerCase() === address.toLowerCase())
      .map(({ status }) => ({ id, status: status ?? 'without a status' })),
  );
  const approved = found.find(({ status }) => status === 'APPROVED');
  if (approved !== undefined) return approved.id;
  const [other] = found;
  const why = other === undefined ? 'there is none' : `wallet ${other.id} is ${other.status}`;
  throw new IssuanceError(
    'contract_not_whitelisted',
    `Fireblocks has no approved contract wallet for ${address} with asset ${assetId} (${why}): ` +
      'whitelist the vault there, and have it approved',
  );
}
