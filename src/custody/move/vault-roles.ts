import type { Address, Hex } from 'viem';
import type { PinnedRpc } from '../../chain/rpc/types.ts';
import { roleCall } from '../../vault/calls.ts';
import { authorizerReads, vaultReads } from '../../vault/reads.ts';

/** Roles that a signer needs. */
export const SIGNER_ROLES = ['DEPOSIT', 'WITHDRAW'] as const;
export type SignerRole = (typeof SIGNER_ROLES)[number];

/** A role of a signer on a vault, as of one block. */
export interface HeldRole {
  readonly vault: Address;
  /** The contract that holds the vault's roles. */
  readonly authorizer: Address;
  readonly role: SignerRole;
  readonly account: Address;
  readonly held: boolean;
}

/** A call that somebody has to make who administers the role. */
export interface RoleCall {
  readonly action: 'grant' | 'revoke';
  readonly vault: Address;
  readonly role: SignerRole;
  readonly account: Address;
  /** The vault's authorizer. */
  readonly to: Address;
  readonly data: Hex;
  /** Signers of ours that may make it; empty where somebody else has to. */
  readonly administrators: readonly Address[];
}

/** Which roles an account has on these vaults, as of this block. */
export async function readRoles(
  rpc: Pick<PinnedRpc, 'call'>,
  vaults: readonly Address[],
  account: Address,
  block: bigint,
): Promise<readonly HeldRole[]> {
  const held: HeldRole[] = [];
  for (const vault of vaults) {
    const answer = await rpc.call({ to: vault, data: vaultReads.authorizer.encode(), block });
    const authorizer = vaultReads.authorizer.decode(answer);
    for (const role of SIGNER_ROLES) {
      const data = authorizerReads.hasRole.encode(role, account);
      const isHeld = authorizerReads.hasRole.decode(await rpc.call({ to: authorizer, data, block }));
      held.push({ vault, authorizer, role, account, held: isHeld });
    }
  }
  return held;
}

/** The calls that grant or revoke these roles, and which of our own signers may make them. */
export async function roleCalls(
  rpc: Pick<PinnedRpc, 'call'>,
  action: RoleCall['action'],
  roles: readonly HeldRole[],
  ours: readonly Address[],
  block: bigint,
): Promise<readonly RoleCall[]> {
  const calls: RoleCall[] = [];
  for (const { vault, authorizer, role, account } of roles) {
    const administrators: Address[] = [];
    for (const signer of ours) {
      const data = authorizerReads.hasRole.encode(`${role}_ADMIN`, signer);
      const answer = await rpc.call({ to: authorizer, data, block });
      if (authorizerReads.hasRole.decode(answer)) administrators.push(signer);
    }
    const data = roleCall(action, role, account);
    calls.push({ action, vault, role, account, to: authorizer, data, administrators });
  }
  return calls;
}
