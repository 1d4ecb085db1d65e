import type { Address, Hex } from 'viem';
import { devAccounts } from '../../src/sandbox/dev-accounts.ts';
import type { World } from './world.ts';

/** A signer of ours beside the one that the partners know. */
export interface OtherSigner {
  /** In lower case. */
  readonly address: Address;
  readonly privateKey: Hex;
}

/** The last of the development accounts, which no AP of a test has; it can pay for gas. */
export function otherSigner(): OtherSigner {
  const account = devAccounts(10).at(-1);
  if (account === undefined) throw new Error('there are ten development accounts');
  return { address: account.address.toLowerCase() as Address, privateKey: account.privateKey };
}

/** The signer that the partners know, as one to hand over from or to. */
export function firstSigner(world: World): OtherSigner {
  const { address, privateKey } = devAccounts(2)[1] ?? {};
  if (address === undefined || privateKey === undefined) throw new Error('there is a second account');
  if (address.toLowerCase() !== world.partners.issuerAddress)
    throw new Error('the issuer is another account');
  return { address: world.partners.issuerAddress, privateKey };
}

/** Settings under which `present` shall be in charge, and `retired` was before it, its key at hand or not. */
export function signAs(
  world: World,
  present: OtherSigner,
  retired: OtherSigner,
  has: { readonly key: boolean } = { key: true },
): void {
  const { env } = world;
  env['EVM_PRIVATE_KEY'] = present.privateKey;
  env['RETIRED_SIGNERS'] = retired.address;
  delete env['RETIRED_SIGNER_1_PRIVATE_KEY'];
  if (has.key) env['RETIRED_SIGNER_1_PRIVATE_KEY'] = retired.privateKey;
  for (const { address } of [present, retired])
    if (!world.signers.includes(address)) world.signers.push(address);
}
