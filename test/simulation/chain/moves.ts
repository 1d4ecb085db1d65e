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
  if (sender !== owner) {
    if (place.family === 'clone') throw revertSaying('ERC20: insufficient allowance');
    throw revertWith('ERC20InsufficientAllowance', [sender, 0n, amount]);
  }
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
  if (to === NOBODY) {
    if (place.family === 'clone') throw revertSaying('ERC20: transfer to the zero address');
    throw revertWith('ERC20InvalidReceiver', [to]);
  }
  moveShares(frame, place, vault, from, to, amount);
}

/** `isBatch`: by the call that takes several, also for a single one. */
export function transferReceipts(
  frame: Frame,
  place: VaultPlace,
  vault: VaultState,
  { from, to }: { readonly from: Address; readonly to: Address },
  ids: readonly bigint[],
  amounts: readonly bigint[],
  isBatch: boolean,
): void {
  frame.gas += GAS.transfer * BigInt(Math.max(1, ids.length));
  const isClone = place.family === 'clone';
  if (isClone && to === NOBODY) throw revertSaying('ERC1155: transfer to the zero address');
  if (from !== frame.sender) {
    if (isClone) throw revertSaying('ERC1155: caller is not token owner or approved');
    throw revertWith('ERC1155MissingApprovalForAll', [frame.sender, from]);
  }
  if (to === NOBODY) throw revertWith('ERC1155InvalidReceiver', [to]);
  if (ids.length !== amounts.length) {
    if (isClone) throw revertSaying('ERC1155: ids and amounts length mismatch');
    throw revertWith('ERC1155InvalidArrayLength', [BigInt(ids.length), BigInt(amounts.length)]);
  }
  ids.forEach((id, at) => shiftReceipt(place, vault, from, to, id, amounts[at] ?? 0n));
  const isOne = ids.length === 1 && (!isClone || !isBatch);
  frame.logs.push(
    isOne
      ? emitted(place.receipt, 'TransferSingle', [frame.sender, from, to, ids[0], amounts[0]])
      : emitted(place.receipt, 'TransferBatch', [frame.sender, from, to, ids, amounts]),
  );
  checkMove(frame, vault, from, to);
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

/** By the vault, which mints or burns. */
function moveReceipt(
  frame: Frame,
  place: VaultPlace,
  vault: VaultState,
  from: Address,
  to: Address,
  id: bigint,
  amount: bigint,
): void {
  shiftReceipt(place, vault, from, to, id, amount);
  const operator = place.family === 'production' ? place.address : frame.sender;
  frame.logs.push(emitted(place.receipt, 'TransferSingle', [operator, from, to, id, amount]));
  checkMove(frame, vault, from, to);
}

function shiftReceipt(
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
}

/** Freeze and certification stop moves; who may mint and burn is exempt from the latter. */
function checkMove(frame: Frame, vault: VaultState, from: Address, to: Address): void {
  if (frame.timestamp < vault.frozenUntil) throw revertWith('OwnerFrozen', [vault.frozenUntil, from, to]);
  if (frame.timestamp <= vault.certifiedUntil) return;
  const mayMint = from === NOBODY && hasRole(vault, 'DEPOSIT', to);
  const mayBurn = to === NOBODY && hasRole(vault, 'WITHDRAW', from);
  if (!mayMint && !mayBurn) throw revertWith('CertificationExpired', [from, to]);
}

export function hasRole(vault: VaultState, role: RoleName, account: Address): boolean {
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
