import { type Address, type Hex, decodeFunctionResult, encodeFunctionData } from 'viem';
import { IssuanceError, RpcFailure } from '../primitives/failures.ts';
import { authorizerAbi, receiptAbi, vaultAbi } from './abi.ts';
import { revertDataOf } from './errors.ts';
import { type RoleName, roleIdOf } from './roles.ts';

/**
 * Calldata and answers of `eth_call`. Every `decode` throws IssuanceError `unexpected_answer` for an answer
 * that is not one of this function's: an address without code answers `0x`.
 */

/** Reads of a vault. Balances and supplies in 10⁻¹⁸ shares. */
export const vaultReads = {
  receipt: {
    encode: (): Hex => encodeFunctionData({ abi: vaultAbi, functionName: 'receipt' }),
    decode: (data: Hex): Address =>
      answer('receipt()', () =>
        lower(decodeFunctionResult({ abi: vaultAbi, functionName: 'receipt', data })),
      ),
  },
  authorizer: {
    encode: (): Hex => encodeFunctionData({ abi: vaultAbi, functionName: 'authorizer' }),
    decode: (data: Hex): Address =>
      answer('authorizer()', () =>
        lower(decodeFunctionResult({ abi: vaultAbi, functionName: 'authorizer', data })),
      ),
  },
  decimals: {
    encode: (): Hex => encodeFunctionData({ abi: vaultAbi, functionName: 'decimals' }),
    decode: (data: Hex): number =>
      answer('decimals()', () => decodeFunctionResult({ abi: vaultAbi, functionName: 'decimals', data })),
  },
  symbol: {
    encode: (): Hex => encodeFunctionData({ abi: vaultAbi, functionName: 'symbol' }),
    decode: (data: Hex): string =>
      answer('symbol()', () => decodeFunctionResult({ abi: vaultAbi, functionName: 'symbol', data })),
  },
  balanceOf: {
    encode: (account: Address): Hex =>
      encodeFunctionData({ abi: vaultAbi, functionName: 'balanceOf', args: [account] }),
    decode: (data: Hex): bigint =>
      answer('balanceOf()', () => decodeFunctionResult({ abi: vaultAbi, functionName: 'balanceOf', data })),
  },
  totalSupply: {
    encode: (): Hex => encodeFunctionData({ abi: vaultAbi, functionName: 'totalSupply' }),
    decode: (data: Hex): bigint =>
      answer('totalSupply()', () =>
        decodeFunctionResult({ abi: vaultAbi, functionName: 'totalSupply', data }),
      ),
  },
  highwaterId: {
    encode: (): Hex => encodeFunctionData({ abi: vaultAbi, functionName: 'highwaterId' }),
    decode: (data: Hex): bigint =>
      answer('highwaterId()', () =>
        decodeFunctionResult({ abi: vaultAbi, functionName: 'highwaterId', data }),
      ),
  },
  /** How many stock splits are in the balances. */
  completedActionCount: {
    encode: (): Hex => encodeFunctionData({ abi: vaultAbi, functionName: 'completedActionCount' }),
    decode: (data: Hex): bigint =>
      answer('completedActionCount()', () =>
        decodeFunctionResult({ abi: vaultAbi, functionName: 'completedActionCount', data }),
      ),
    /**
     * Null for the failure of a vault that has no such function, as older ones have not: it reverts without
     * data. Any other failure is thrown on, since it tells nothing of the vault.
     */
    decodeFailure: (error: unknown): null => {
      if (isEmptyRevert(error)) return null;
      throw error;
    },
  },
} as const;

/** Reads of the receipt contract, in 10⁻¹⁸ shares. */
export const receiptReads = {
  balanceOf: {
    encode: (account: Address, id: bigint): Hex =>
      encodeFunctionData({ abi: receiptAbi, functionName: 'balanceOf', args: [account, id] }),
    decode: (data: Hex): bigint =>
      answer('balanceOf()', () => decodeFunctionResult({ abi: receiptAbi, functionName: 'balanceOf', data })),
  },
  /** One holder's balances of several receipts; decoded with the ids that were asked for. */
  balanceOfBatch: {
    encode: (account: Address, ids: readonly bigint[]): Hex =>
      encodeFunctionData({
        abi: receiptAbi,
        functionName: 'balanceOfBatch',
        args: [ids.map(() => account), ids],
      }),
    decode: (data: Hex, ids: readonly bigint[]): ReadonlyMap<bigint, bigint> =>
      answer('balanceOfBatch()', () => {
        const balances = decodeFunctionResult({ abi: receiptAbi, functionName: 'balanceOfBatch', data });
        if (balances.length !== ids.length) {
          throw new IssuanceError(
            'unexpected_answer',
            `${balances.length} balances for ${ids.length} receipts`,
          );
        }
        return new Map(ids.map((id, at) => [id, balances[at] ?? 0n]));
      }),
  },
} as const;

/** Reads of the authorizer. */
export const authorizerReads = {
  hasRole: {
    encode: (role: RoleName | `${RoleName}_ADMIN`, account: Address): Hex =>
      encodeFunctionData({ abi: authorizerAbi, functionName: 'hasRole', args: [roleIdOf(role), account] }),
    decode: (data: Hex): boolean =>
      answer('hasRole()', () => decodeFunctionResult({ abi: authorizerAbi, functionName: 'hasRole', data })),
  },
} as const;

/** geth's code of a revert, which Anvil shares, and Nethermind's of a "VM execution error". */
const REVERT_CODES: ReadonlySet<number | null> = new Set([3, -32_015]);

function isEmptyRevert(error: unknown): boolean {
  if (!(error instanceof RpcFailure) || error.kind !== 'answered') return false;
  const reverted = REVERT_CODES.has(error.rpcCode) || /\breverted\b/i.test(error.message);
  return reverted && (revertDataOf(error) ?? '0x') === '0x';
}

function answer<T>(what: string, decode: () => T): T {
  try {
    return decode();
  } catch (cause) {
    throw new IssuanceError('unexpected_answer', `the contract's answer to ${what} cannot be read`, {
      cause,
    });
  }
}

function lower(address: Address): Address {
  return address.toLowerCase() as Address;
}
