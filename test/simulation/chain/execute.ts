import type { AbiFunction, Address, Hex } from 'viem';
import { decodeAbiParameters, encodeAbiParameters, parseAbi, toFunctionSelector } from 'viem';
import { receiptAbi, vaultAbi, authorizerAbi } from '../../../src/vault/abi.ts';
import type { RoleName } from '../../../src/vault/roles.ts';
import { roleIds } from '../../../src/vault/roles.ts';
import type { Frame } from './frame.ts';
import * as govern from './govern.ts';
import * as moves from './moves.ts';
import { Revert } from './revert.ts';
import type { VaultPlace, VaultState } from './state.ts';

export type Places = ReadonlyMap<Address, { readonly place: VaultPlace; readonly part: Part }>;
type Part = 'vault' | 'receipt' | 'authorizer';

const OTHER = parseAbi([
  'function safeTransferFrom(address from, address to, uint256 id, uint256 value, bytes data)',
  'function rebase(uint256 numerator, uint256 denominator)',
  'function certify(uint256 certifyUntil, bool forceUntil, bytes data)',
  'function ownerFreezeUntil(uint256 freezeUntil)',
]);

type Handler = (call: {
  readonly frame: Frame;
  readonly place: VaultPlace;
  readonly vault: VaultState;
  readonly args: readonly unknown[];
}) => unknown;

interface Known {
  readonly item: AbiFunction;
  readonly run: Handler;
}

const bigints = (value: unknown): bigint => value as bigint;
const address = (value: unknown): Address => (value as string).toLowerCase() as Address;

const HANDLERS: Readonly<Record<Part, Readonly<Record<string, Handler>>>> = {
  vault: {
    deposit({ frame, place, vault, args: [assets, to, minRatio, information] }) {
      const [amount, ratio] = [bigints(assets), bigints(minRatio)];
      return moves.deposit(frame, place, vault, amount, address(to), ratio, information as Hex);
    },
    redeem({ frame, place, vault, args: [shares, to, owner, id, information] }) {
      const parties = { receiver: address(to), owner: address(owner) };
      return moves.redeem(frame, place, vault, bigints(shares), parties, bigints(id), information as Hex);
    },
    transfer({ frame, place, vault, args: [to, amount] }) {
      moves.transferShares(frame, place, vault, frame.sender, address(to), bigints(amount));
      return true;
    },
    multicall: ({ frame, place, args: [calls] }) =>
      (calls as readonly Hex[]).map((data) => runOn(frame, place, 'vault', data)),
    rebase({ place, frame, vault, args: [numerator, denominator] }) {
      // The older family has no such function, and no fallback either.
      if (place.family === 'clone') throw new Revert('0x');
      govern.rebase(frame, place, vault, bigints(numerator), bigints(denominator));
    },
    certify({ place, frame, vault, args: [until, isForced, data] }) {
      govern.certify(frame, place, vault, bigints(until), isForced === true, data as Hex);
    },
    ownerFreezeUntil: ({ place, frame, vault, args: [until] }) =>
      govern.freeze(frame, place, vault, bigints(until)),
    receipt: ({ place }) => place.receipt,
    authorizer: ({ place }) => place.authorizer,
    decimals: () => 18,
    symbol: ({ place }) => place.token,
    balanceOf: ({ vault, args: [account] }) => vault.shares.get(address(account)) ?? 0n,
    totalSupply: ({ vault }) => vault.supply,
    highwaterId: ({ vault }) => vault.highwaterId,
    completedActionCount({ place, vault }) {
      if (place.family === 'clone') throw new Revert('0x');
      return vault.splits;
    },
  },
  receipt: {
    balanceOf: ({ vault, args: [account, id] }) =>
      vault.receipts.get(bigints(id))?.get(address(account)) ?? 0n,
    balanceOfBatch: ({ vault, args: [accounts, ids] }) =>
      (ids as readonly bigint[]).map((id, at) => {
        const account = (accounts as readonly string[])[at];
        return vault.receipts.get(id)?.get(address(account)) ?? 0n;
      }),
    safeTransferFrom({ frame, place, vault, args: [from, to, id, value] }) {
      const parties = { from: address(from), to: address(to) };
      moves.transferReceipts(frame, place, vault, parties, [bigints(id)], [bigints(value)], false);
    },
    safeBatchTransferFrom({ frame, place, vault, args: [from, to, ids, values] }) {
      const parties = { from: address(from), to: address(to) };
      const [all, amounts] = [ids as readonly bigint[], values as readonly bigint[]];
      moves.transferReceipts(frame, place, vault, parties, all, amounts, true);
    },
  },
  authorizer: {
    hasRole({ vault, args: [role, account] }) {
      const name = (Object.keys(roleIds) as RoleName[]).find((it) => roleIds[it] === role);
      return name !== undefined && (vault.roles.get(name)?.has(address(account)) ?? false);
    },
    grantRole: ({ frame, place, vault, args: [role, account] }) =>
      govern.changeRole(frame, place, vault, 'RoleGranted', role as Hex, address(account)),
    revokeRole: ({ frame, place, vault, args: [role, account] }) =>
      govern.changeRole(frame, place, vault, 'RoleRevoked', role as Hex, address(account)),
  },
};

const ABIS = {
  vault: [...vaultAbi, ...OTHER],
  receipt: [...receiptAbi, ...OTHER],
  authorizer: authorizerAbi,
} as const;

const KNOWN: Readonly<Record<Part, ReadonlyMap<string, Known>>> = {
  vault: knownOf('vault'),
  receipt: knownOf('receipt'),
  authorizer: knownOf('authorizer'),
};

function knownOf(part: Part): ReadonlyMap<string, Known> {
  const found = new Map<string, Known>();
  for (const item of ABIS[part]) {
    if (item.type !== 'function') continue;
    const run = HANDLERS[part][item.name];
    if (run !== undefined) found.set(toFunctionSelector(item), { item, run });
  }
  return found;
}

/** Every contract of these vaults by its address. */
export function placesOf(vaults: readonly VaultPlace[]): Places {
  return new Map(
    vaults.flatMap((place) => {
      const contracts: readonly (readonly [Address, Part])[] = [
        [place.address, 'vault'],
        [place.receipt, 'receipt'],
        [place.authorizer, 'authorizer'],
      ];
      return contracts.map(([address, part]) => [address, { place, part }] as const);
    }),
  );
}

/** Runs a call on whatever stands at `to`; an address without code takes anything. @throws Revert */
export function execute(places: Places, frame: Frame, to: Address | null, data: Hex): Hex {
  const found = to === null ? undefined : places.get(to);
  return found === undefined ? '0x' : runOn(frame, found.place, found.part, data);
}

function runOn(frame: Frame, place: VaultPlace, part: Part, data: Hex): Hex {
  const known = KNOWN[part].get(data.slice(0, 10));
  const vault = frame.state.vaults.get(place.address);
  if (known === undefined || vault === undefined) throw new Revert('0x');
  const { item, run } = known;
  // Bytes behind the arguments are ignored, as the compiler's decoder does.
  const args = item.inputs.length === 0 ? [] : decodeAbiParameters(item.inputs, `0x${data.slice(10)}`);
  const result = run({ frame, place, vault, args });
  return item.outputs.length === 0 ? '0x' : encodeAbiParameters(item.outputs, [result]);
}
