import { type Hex, decodeErrorResult, isHex, size, slice } from 'viem';
import { RpcFailure } from '../primitives/failures.ts';
import { errorAbi } from './abi.ts';
import { roleName } from './roles.ts';

/** A revert in words. */
export interface RevertDescription {
  /** The error's name; `Unknown` for a selector that no ABI here has, `Empty` without data. */
  readonly name: string;
  /** One sentence for an operator. */
  readonly text: string;
  /** By parameter name; addresses and bytes in lower-case hex, integers in decimal. */
  readonly args: Readonly<Record<string, string>>;
}

type ErrorName = (typeof errorAbi)[number]['name'];

/** `{name}` is replaced by the argument of that name. Amounts of shares are in 10⁻¹⁸. */
const TEXTS: Readonly<Record<ErrorName, string>> = {
  Error: '{message}',
  Panic: 'the contract failed an internal check: {code}',
  IncompatibleAuthorizer: 'the authorizer does not implement what the vault needs',
  InitializeSignatureFn: 'the wrong one of two initialize functions was called',
  InvalidId: '{id} is no receipt id',
  MinShareRatio: 'a share ratio of at least {minShareRatio} was asked for, the vault gives {shareRatio}',
  NonZeroAsset: 'the vault was set up with an underlying token, which it must not have',
  OwnerFreezeAlwaysAllowedFromProtected:
    '{from} stays allowed to send during a freeze until {protectedUntil}',
  OwnerFreezeAlwaysAllowedFromZero: 'allowing {from} to send during a freeze needs a moment other than zero',
  OwnerFreezeAlwaysAllowedToProtected: '{to} stays allowed to receive during a freeze until {protectedUntil}',
  OwnerFreezeAlwaysAllowedToZero: 'allowing {to} to receive during a freeze needs a moment other than zero',
  OwnerFrozen: 'the vault is frozen by its owner until {freezeUntil}: nothing moves from {from} to {to}',
  Unauthorized: '{user} lacks the role {permission}',
  UnmanagedReceiptTransfer: "only the vault's own receipt contract may ask about receipt transfers",
  WrongManager: 'the receipt contract is managed by {actualManager}, not by {expectedManager}',
  ZeroAssetsAmount: 'the amount is zero',
  ZeroCertifyUntil: 'a certification needs a moment other than zero',
  ZeroConfiscateAmount: 'nothing would be confiscated',
  ZeroInitialAdmin: 'the initial admin is the zero address',
  ZeroOwner: 'the owner is the zero address',
  ZeroReceiver: 'the receiver is the zero address',
  ZeroSharesAmount: 'the amount of shares is zero',
  AddressEmptyCode: 'there is no contract at {target}',
  ERC20InsufficientAllowance: '{spender} may spend {allowance} shares, {needed} are needed',
  ERC20InsufficientBalance: '{sender} has {balance} shares, {needed} are needed',
  ERC20InvalidApprover: '{approver} cannot approve the spending of shares',
  ERC20InvalidReceiver: '{receiver} cannot receive shares',
  ERC20InvalidSender: '{sender} cannot send shares',
  ERC20InvalidSpender: '{spender} cannot be approved to spend shares',
  FailedCall: 'an inner call failed without saying why',
  InsufficientBalance: 'the contract has {balance} wei, {needed} are needed',
  InvalidInitialization: 'the contract is initialized already',
  NotInitializing: 'the contract is not being initialized',
  OwnableInvalidOwner: '{owner} cannot own the contract',
  OwnableUnauthorizedAccount: '{account} is not the owner of the contract',
  ReentrancyGuardReentrantCall: 'the contract was called again from within a call',
  OnlyManager: 'only the vault may do this on its receipt contract',
  ERC1155InsufficientBalance: '{sender} has {balance} of receipt {tokenId}, {needed} are needed',
  ERC1155InvalidApprover: '{approver} cannot approve the transfer of receipts',
  ERC1155InvalidArrayLength: '{idsLength} receipt ids came with {valuesLength} amounts',
  ERC1155InvalidOperator: '{operator} cannot be approved for receipts',
  ERC1155InvalidReceiver: '{receiver} cannot receive receipts',
  ERC1155InvalidSender: '{sender} cannot send receipts',
  ERC1155MissingApprovalForAll: "{operator} is not approved for {owner}'s receipts",
  CertificationExpired: "the vault's certification has expired: nothing may move from {from} to {to}",
  AccessControlBadConfirmation: 'a role can only be renounced by its holder',
  AccessControlUnauthorizedAccount: '{account} lacks the role {neededRole}',
};

/** Solidity's own codes: docs.soliditylang.org, "Panic via assert and Error via require". */
const PANICS: Readonly<Record<string, string>> = {
  '1': 'an assertion failed',
  '17': 'arithmetic overflow',
  '18': 'division by zero',
  '33': 'a value outside its enum',
  '34': 'badly encoded storage bytes',
  '49': 'pop of an empty array',
  '50': 'an index outside its array',
  '65': 'too much memory',
  '81': 'a call of an uninitialized function',
};

/** Says in plain words what a call on a vault reverted with. Never throws. */
export function describeRevert(data: Hex | undefined): RevertDescription {
  if (data === undefined || data === '0x') {
    return { name: 'Empty', text: 'reverted without saying why', args: {} };
  }
  if (!isHex(data) || size(data) < 4) return unknown(data, 'with data that is no error');
  const found = decode(data);
  if (found === null) return unknown(data, `with an error that is not known: ${slice(data, 0, 4)}`);
  const { errorName, args } = found;
  const text = TEXTS[errorName].replaceAll(/\{(\w+)\}/g, (placeholder, name: string) =>
    inWords(errorName, args[name] ?? placeholder),
  );
  return { name: errorName, text, args };
}

/**
 * The bytes that a reverted call returned, wherever the node put them: the error's `data` as a string (geth,
 * Anvil), as "Reverted 0x…" (Nethermind), or inside an object. Undefined when there are none.
 */
export function revertDataOf(error: unknown): Hex | undefined {
  // A cause of a cause is still the same failed request; the bound is against cycles.
  let current = error;
  for (let depth = 0; depth < 5 && current instanceof Error; depth += 1) {
    if (current instanceof RpcFailure) return bytesIn(current.data, 4);
    current = current.cause;
  }
  return undefined;
}

function decode(
  data: Hex,
): { readonly errorName: ErrorName; readonly args: Readonly<Record<string, string>> } | null {
  try {
    const result = decodeErrorResult({ abi: errorAbi, data });
    const { errorName, abiItem } = result;
    // Its type hides that an error without parameters has no `args`.
    const { args: values = [] } = result as { readonly args?: readonly unknown[] };
    const named = abiItem.inputs.map(({ name }, at) => [name, textOf(values[at])] as const);
    return { errorName, args: Object.fromEntries(named) };
  } catch {
    // Not one of the errors, or one with unreadable arguments: to the caller both are unknown.
    return null;
  }
}

function textOf(value: unknown): string {
  const text = String(value);
  return isHex(text) ? text.toLowerCase() : text;
}

function inWords(errorName: ErrorName, value: string): string {
  if (errorName === 'Panic') return PANICS[value] ?? `code ${value}`;
  return roleName(value) ?? value;
}

function unknown(data: Hex, what: string): RevertDescription {
  return { name: 'Unknown', text: `reverted ${what}`, args: { data } };
}

function bytesIn(value: unknown, depth: number): Hex | undefined {
  if (typeof value === 'string') {
    const bytes = /^(?:reverted )?(0x(?:[0-9a-f]{2})*)$/i.exec(value)?.[1];
    return bytes === undefined ? undefined : (bytes.toLowerCase() as Hex);
  }
  if (typeof value !== 'object' || value === null || depth === 0) return undefined;
  const members = value as Readonly<Record<string, unknown>>;
  return ['data', 'error', 'originalError']
    .map((name) => bytesIn(members[name], depth - 1))
    .find((bytes) => bytes !== undefined);
}
