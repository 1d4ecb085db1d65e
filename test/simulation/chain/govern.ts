import type { Address, Hex } from 'viem';
import { encodeAbiParameters } from 'viem';
import type { RoleName } from '../../../src/vault/roles.ts';
import { roleIdOf, roleIds } from '../../../src/vault/roles.ts';
import { emitted } from './emit.ts';
import type { Frame } from './frame.ts';
import { hasRole } from './moves.ts';
import { revertSaying, revertWith } from './revert.ts';
import type { VaultPlace, VaultState } from './state.ts';

/** What the owner of a vault does to it, and who administers its roles: the same one. */

/** A stock split: every balance by numerator / denominator, rounded down, without any event. */
export function rebase(
  frame: Frame,
  place: VaultPlace,
  vault: VaultState,
  numerator: bigint,
  denominator: bigint,
): void {
  requireOwner(frame, place);
  const scaled = (amount: bigint): bigint => (amount * numerator) / denominator;
  for (const holders of [vault.shares, ...vault.receipts.values()]) {
    for (const [holder, amount] of holders) holders.set(holder, scaled(amount));
  }
  vault.supply = scaled(vault.supply);
  vault.splits += 1n;
}

/** Nothing moves until then; a freeze is only ever lengthened. */
export function freeze(frame: Frame, place: VaultPlace, vault: VaultState, until: bigint): void {
  requireOwner(frame, place);
  if (until > vault.frozenUntil) vault.frozenUntil = until;
  frame.logs.push(emitted(place.address, 'OwnerFrozenUntil', [frame.sender, until, vault.frozenUntil]));
}

const CERTIFY_DATA = [{ type: 'uint256' }, { type: 'bool' }, { type: 'bytes' }] as const;

export function certify(
  frame: Frame,
  place: VaultPlace,
  vault: VaultState,
  until: bigint,
  isForced: boolean,
  data: Hex,
): void {
  const { sender } = frame;
  if (until === 0n) throw revertWith('ZeroCertifyUntil');
  if (!hasRole(vault, 'CERTIFY', sender)) {
    const told = encodeAbiParameters(CERTIFY_DATA, [until, isForced, data]);
    throw revertWith('Unauthorized', [sender, roleIds.CERTIFY, told]);
  }
  if (isForced || until > vault.certifiedUntil) vault.certifiedUntil = until;
  frame.logs.push(emitted(place.address, 'Certify', [sender, until, isForced, data]));
}

/** Grants a role or takes it away; who has it already, or has it not, is not told of. */
export function changeRole(
  frame: Frame,
  place: VaultPlace,
  vault: VaultState,
  change: 'RoleGranted' | 'RoleRevoked',
  role: Hex,
  account: Address,
): void {
  const { sender, logs } = frame;
  const name = (Object.keys(roleIds) as RoleName[]).find((it) => roleIds[it] === role);
  if (name === undefined) throw new RangeError(`no role ${role}`);
  if (sender !== place.owner) {
    const needed = roleIdOf(`${name}_ADMIN`);
    if (place.family === 'clone')
      throw revertSaying(`AccessControl: account ${sender} is missing role ${needed}`);
    throw revertWith('AccessControlUnauthorizedAccount', [sender, needed]);
  }
  const holders = vault.roles.get(name) ?? new Set();
  vault.roles.set(name, holders);
  const isGrant = change === 'RoleGranted';
  if (holders.has(account) === isGrant) return;
  if (isGrant) holders.add(account);
  else holders.delete(account);
  logs.push(emitted(place.authorizer, change, [role, account, sender]));
}

function requireOwner({ sender }: Frame, { owner, family }: VaultPlace): void {
  if (sender === owner) return;
  if (family === 'clone') throw revertSaying('Ownable: caller is not the owner');
  throw revertWith('OwnableUnauthorizedAccount', [sender]);
}
