import type { Address } from 'viem';
import { encodeFunctionData } from 'viem';
import type { DevAccount } from '../../src/sandbox/dev-accounts.ts';
import { devAccounts } from '../../src/sandbox/dev-accounts.ts';
import type { StartedSigner } from '../../src/sandbox/signers.ts';
import { startSigner } from '../../src/sandbox/signers.ts';
import { authorizerAbi } from '../../src/vault/abi.ts';
import { roleIds } from '../../src/vault/roles.ts';
import { mineUntil } from './outsider.ts';
import type { World } from './world.ts';

/** A signer of ours, whoever has its key. */
export interface OtherSigner {
  /** In lower case. */
  readonly address: Address;
  /** Settings under which it shall be in charge. */
  readonly present: Readonly<Record<string, string>>;
  /** The same where it was before: what stands behind its address, and settings beside. */
  readonly retired: { readonly suffix: string; readonly env: Readonly<Record<string, string>> };
}

/** The last of the development accounts, which no AP of a test has; it can pay for gas. */
export function otherSigner(): OtherSigner {
  const { address, privateKey } = lastAccount();
  return ownSigner(address, { EVM_PRIVATE_KEY: privateKey });
}

/** The same account with its key at a custodian of its own, until `stop`. */
export async function otherAt(
  world: World,
  kind: 'turnkey' | 'fireblocks',
): Promise<{ readonly signer: OtherSigner; readonly custodian: StartedSigner }> {
  const account = lastAccount();
  const custodian = await startSigner(kind, account);
  const env = custodian.connect([...world.partners.networks.values()]);
  return { signer: ownSigner(account.address, env), custodian };
}

/** The signer that the partners know, as one to hand over from or to. */
export function firstSigner(world: World): OtherSigner {
  return ownSigner(world.partners.issuerAddress, world.partners.env);
}

function lastAccount(): DevAccount {
  const account = devAccounts(10).at(-1);
  if (account === undefined) throw new Error('there are ten development accounts');
  return account;
}

/** By the settings under which it signs. */
function ownSigner(address: string, all: Readonly<Record<string, string>>): OtherSigner {
  const { SIGNER: kind = 'local', FIREBLOCKS_VAULT_ACCOUNT_ID: account = '' } = all;
  const own = Object.entries(all).filter(([name]) => /^(EVM|TURNKEY|FIREBLOCKS)_/.test(name));
  const env = Object.fromEntries(own);
  const { EVM_PRIVATE_KEY: key = '' } = env;
  const retired = {
    local: { suffix: '', env: { RETIRED_SIGNER_1_PRIVATE_KEY: key } },
    turnkey: { suffix: '=turnkey', env },
    fireblocks: { suffix: `=fireblocks:${account}`, env },
  }[kind];
  if (retired === undefined) throw new Error(`nobody knows how ${kind} signs`);
  return { address: address.toLowerCase() as Address, present: { SIGNER: kind, ...env }, retired };
}

/** Settings under which `present` shall be in charge, and `retired` was before it, its key at hand or not. */
export function signAs(
  world: World,
  present: OtherSigner,
  retired: OtherSigner,
  has: { readonly key: boolean } = { key: true },
): void {
  const { env } = world;
  delete env['RETIRED_SIGNER_1_PRIVATE_KEY'];
  const { suffix, env: beside } = has.key ? retired.retired : { suffix: '', env: {} };
  Object.assign(env, beside, present.present, { RETIRED_SIGNERS: `${retired.address}${suffix}` });
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
    readonly from: string;
    readonly to: string;
    readonly phase: string;
    readonly balances: readonly { readonly vault: string; readonly receipt_shares: string }[] | null;
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
export async function turn(
  world: World,
  other: OtherSigner = otherSigner(),
): Promise<{ readonly from: Address; readonly to: Address }> {
  const { in_charge: inCharge } = await custodyOf(world);
  const first = firstSigner(world);
  const [next, old] = inCharge === first.address ? [other, first] : [first, other];
  signAs(world, next, old);
  await grantRoles(world, next.address);
  await world.restart();
  return { from: old.address, to: next.address };
}
