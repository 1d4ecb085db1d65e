import type { Address, Hex } from 'viem';
import { encodeFunctionData } from 'viem';
import { devAccounts } from '../../src/sandbox/dev-accounts.ts';
import { authorizerAbi } from '../../src/vault/abi.ts';
import { roleIds } from '../../src/vault/roles.ts';
import { mineUntil } from './outsider.ts';
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

/** Lets a signer deposit and withdraw on every vault, as whoever administers them does. */
export async function grantRoles(world: World, account: Address): Promise<void> {
  await onEveryVault(world, 'grantRole', account);
}

export async function revokeRoles(world: World, account: Address): Promise<void> {
  await onEveryVault(world, 'revokeRole', account);
}

async function onEveryVault(
  world: World,
  functionName: 'grantRole' | 'revokeRole',
  account: Address,
): Promise<void> {
  for (const { deployer, vaults } of world.partners.networks.values()) {
    for (const { authorizer } of vaults.values()) {
      for (const role of [roleIds.DEPOSIT, roleIds.WITHDRAW]) {
        const data = encodeFunctionData({ abi: authorizerAbi, functionName, args: [role, account] });
        await deployer.send({ to: authorizer, data });
      }
    }
  }
}

/** What `GET /custody` says of a network. */
export interface CustodyOnWire {
  readonly network: string;
  readonly in_charge: string;
  readonly signers: readonly {
    readonly address: string;
    readonly has_key: boolean;
    readonly holdings: readonly { readonly token: string; readonly receipt_shares: string }[];
  }[];
  readonly move: {
    readonly move_id: string;
    readonly phase: string;
    readonly last_nonce: number | null;
    readonly waits_for: readonly string[];
  } | null;
  readonly last_move: { readonly end: string; readonly from: string; readonly to: string } | null;
}

export async function custodyOf(world: World, network = 'base'): Promise<CustodyOnWire> {
  const { items } = (await world.api.call('GET', '/custody')) as { items: CustodyOnWire[] };
  const found = items.find((it) => it.network === network);
  if (found === undefined) throw new Error(`no custody of ${network}`);
  return found;
}

/** Mines until the move is in this phase and says what it waits for; null: until there is none. */
export async function moveReaches(world: World, phase: string | null): Promise<CustodyOnWire> {
  let found = await custodyOf(world);
  await mineUntil(
    world.network(),
    async () => {
      found = await custodyOf(world);
      if (phase === null) return found.move === null;
      return found.move?.phase === phase && found.move.waits_for.length > 0;
    },
    `the move to be ${phase ?? 'over'}`,
  );
  return found;
}

/**
 * Settings and roles for a move to the signer that is not in charge, and a start with them; resolves with who hands
 * over to whom.
 */
export async function turn(world: World): Promise<{ readonly from: Address; readonly to: Address }> {
  const { in_charge: inCharge } = await custodyOf(world);
  const first = firstSigner(world);
  const [next, old] = inCharge === first.address ? [otherSigner(), first] : [first, otherSigner()];
  signAs(world, next, old);
  await grantRoles(world, next.address);
  await world.restart();
  return { from: old.address, to: next.address };
}
