import { type Hex, keccak256, stringToHex } from 'viem';

/** The vault's roles: the id of one is the keccak256 of its name. The signer needs DEPOSIT and WITHDRAW. */
export type RoleName = 'DEPOSIT' | 'WITHDRAW' | 'CERTIFY' | 'CONFISCATE_SHARES' | 'CONFISCATE_RECEIPT';

export const roleIds: Readonly<Record<RoleName, Hex>> = {
  DEPOSIT: roleId('DEPOSIT'),
  WITHDRAW: roleId('WITHDRAW'),
  CERTIFY: roleId('CERTIFY'),
  CONFISCATE_SHARES: roleId('CONFISCATE_SHARES'),
  CONFISCATE_RECEIPT: roleId('CONFISCATE_RECEIPT'),
};

const NAMES: ReadonlyMap<string, string> = new Map(
  Object.entries(roleIds).flatMap(([name, id]) => [
    [id, name] as const,
    // Each role is administered by the one of this name.
    [roleId(`${name}_ADMIN`), `${name}_ADMIN`] as const,
  ]),
);

/** The id of a role, or of the one that administers it. */
export function roleIdOf(name: RoleName | `${RoleName}_ADMIN`): Hex {
  return roleId(name);
}

/** The name behind a role's id, admin roles included; null for one that the vaults do not use. */
export function roleName(id: string): string | null {
  return NAMES.get(id.toLowerCase()) ?? null;
}

function roleId(name: string): Hex {
  return keccak256(stringToHex(name));
}
