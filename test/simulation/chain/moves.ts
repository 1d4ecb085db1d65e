import type { Address, Hex } from 'viem';
import { encodeAbiParameters, zeroAddress } from 'viem';
import type { RoleName } from '../../../src/vault/roles.ts';
import { roleIds } from '../../../src/vault/roles.ts';
import { emitted } from './emit.ts';
import type { Frame } from './frame.ts';
import { revertSaying, revertWith } from './revert.ts';
import type { VaultPlace, VaultState } from './state.ts';

/** What moves shares and receipts, by the observed rules of the two families. */

const ONE = 10n ** 18n;
const NOBODY = zeroAddress as Address;

/** Near what the test vaults use. */
const GAS = { deposit: 95_000n, redeem: 65_000n, transfer: 30_000n } as const;

export function deposit(
  frame: Frame,
  place: VaultPlace,
  vault: VaultState,
  amount: bigint,
  receiver: Address,
  minRatio: bigint,
  information: Hex,
): bigint {
  frame.gas += GAS.deposit;
  if (minRatio > ONE) throw revertWith('MinShareRatio', [minRatio, ONE]);
  vault.highwaterId += 1n;
  const id = vault.highwaterId;
  if (amount === 0n) throw revertWith('ZeroAssetsAmount');
  if (receiver === NOBODY) throw revertWith('ZeroReceiver');
  const { sender, logs } = frame;
  logs.push(emitted(place.address, 'Deposit', [sender, receiver, amount, amount, id, information]));
  moveShares(frame, place, vault, NOBODY, receiver, amount);
  vault.supply += amount;
  if (information !== '0x')
    logs.push(emitted(place.receipt, 'ReceiptInformation', [sender, id, information]));
  moveReceipt(frame, place, vault, NOBODY, receiver, id, amount);
  requireRole(vault, 'DEPOSIT', sender, [receiver, amount, id]);
  return amount;
}

export function redeem(
  frame: Frame,
  place: VaultPlace,
  vault: VaultState,
  amount: bigint,
  { receiver, owner }: { readonly receiver: Address; readonly owner: Address },
  id: bigint,
  information: Hex,
): bigint {
  frame.gas += GAS.redeem;
  if (amount === 0n) throw revertWith('ZeroAssetsAmount');
  if (receiver === NOBODY) throw revertWith('ZeroReceiver');
  if (owner === NOBODY) throw revertWith('ZeroOwner');
  if (id === 0n) throw revertWith('InvalidId', [id]);
  const { sender, logs } = frame;
  logs.push(emitted(place.address, 'Withdraw', [sender, receiver, owner, amount, amount, id, information]));
  if (sender !== owner) throw revertWith('ERC20InsufficientAllowance', [sender, 0n, amount]);
  moveShares(frame, place, vault, owner, NOBODY, amount);
  vault.supply -= amount;
  if (information !== '0x')
    logs.push(emitted(place.receipt, 'ReceiptInformation', [sender, id, information]));
  moveReceipt(frame, place, vault, owner, NOBODY, id, amount);
  requireRole(vault, 'WITHDRAW', sender, [owner, amount, id]);
  return amount;
}

export function transferShares(
  frame: Frame,
  place: VaultPlace,
  vault: VaultState,
  from: Address,
  to: Address,
  amount: bigint,
): void {
  frame.gas += GAS.transfer;
  if (to === NOBODY) throw revertWith('ERC20InvalidReceiver', [to]);
  moveShares(frame, place, vault, from, to, amount);
}

export function transferReceipt(
  frame: Frame,
  place: VaultPlace,
  vault: VaultState,
  from: Address,
  to: Address,
  id: bigint,
  amount: bigint,
): void {
  frame.gas += GAS.transfer;
  if (from !== frame.sender) throw revertWith('ERC1155MissingApprovalForAll', [frame.sender, from]);
  moveReceipt(frame, place, vault, from, to, id, amount);
}

/** A stock split: every balance by numerator / denominator, rounded down, without any event. */
export function rebase(
  frame: Frame,
  place: VaultPlace,
  vault: VaultState,
  numerator: bigint,
  denominator: bigint,
): void {
  if (frame.sender !== place.owner) throw revertWith('OwnableUnauthorizedAccount', [frame.sender]);
  const scaled = (amount: bigint): bigint => (amount * numerator) / denominator;
  for (const holders of [vault.shares, ...vault.receipts.values()]) {
    for (const [holder, amount] of holders) holders.set(holder, scaled(amount));
  }
  vault.supply = scaled(vault.supply);
  vault.splits += 1n;
}

function moveShares(
  frame: Frame,
  place: VaultPlace,
  vault: VaultState,
  from: Address,
  to: Address,
  amount: bigint,
): void {
  if (from !== NOBODY) {
    const balance = vault.shares.get(from) ?? 0n;
    if (balance < amount) {
      if (place.family === 'production')
        throw revertWith('ERC20InsufficientBalance', [from, balance, amount]);
      throw revertSaying(
        to === NOBODY ? 'ERC20: burn amount exceeds balance' : 'ERC20: transfer amount exceeds balance',
      );
    }
    vault.shares.set(from, balance - amount);
  }
  if (to !== NOBODY) vault.shares.set(to, (vault.shares.get(to) ?? 0n) + amount);
  frame.logs.push(emitted(place.address, 'Transfer', [from, to, amount]));
  checkMove(frame, vault, from, to);
}

function moveReceipt(
  frame: Frame,
  place: VaultPlace,
  vault: VaultState,
  from: Address,
  to: Address,
  id: bigint,
  amount: bigint,
): void {
  const holders = vault.receipts.get(id) ?? new Map<Address, bigint>();
  vault.receipts.set(id, holders);
  if (from !== NOBODY) {
    const balance = holders.get(from) ?? 0n;
    if (balance < amount) {
      if (place.family === 'production')
        throw revertWith('ERC1155InsufficientBalance', [from, balance, amount, id]);
      throw revertSaying(
        to === NOBODY ? 'ERC1155: burn amount exceeds balance' : 'ERC1155: insufficient balance for transfer',
      );
    }
    holders.set(from, balance - amount);
  }
  if (to !== NOBODY) holders.set(to, (holders.get(to) ?? 0n) + amount);
  const isByVault = from === NOBODY || to === NOBODY;
  const operator = isByVault && place.family === 'production' ? place.address : frame.sender;
  frame.logs.push(emitted(place.receipt, 'TransferSingle', [operator, from, to, id, amount]));
  checkMove(frame, vault, from, to);
}

/** Freeze and certification stop moves; who may mint and burn is exempt from the latter. */
function checkMove(frame: Frame, vault: VaultState, from: Address, to: Address): void {
  if (frame.timestamp < vault.frozenUntil) throw revertWith('OwnerFrozen', [vault.frozenUntil, from, to]);
  if (frame.timestamp <= vault.certifiedUntil) return;
  const mayMint = from === NOBODY && hasRole(vault, 'DEPOSIT', to);
  const mayBurn = to === NOBODY && hasRole(vault, 'WITHDRAW', from);
  if (!mayMint && !mayBurn) throw revertWith('CertificationExpired', [from, to]);
}

function hasRole(vault: VaultState, role: RoleName, account: Address): boolean {
  return vault.roles.get(role)?.has(account) ?? false;
}

const ROLE_DATA = [{ type: 'address' }, { type: 'uint256' }, { type: 'uint256' }] as const;

function requireRole(
  vault: VaultState,
  role: RoleName,
  account: Address,
  data: readonly [Address, bigint, bigint],
): void {
  if (hasRole(vault, role, account)) return;
  throw revertWith('Unauthorized', [account, roleIds[role], encodeAbiParameters(ROLE_DATA, data)]);
}
