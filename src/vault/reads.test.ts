import * as fc from 'fast-check';
import { type Abi, type Address, type Hex, decodeFunctionData, encodeFunctionResult, pad } from 'viem';
import { describe, expect, test } from 'vitest';
import { RpcFailure } from '../primitives/failures.ts';
import { authorizerAbi, receiptAbi, vaultAbi } from './abi.ts';
import { authorizerReads, receiptReads, vaultReads } from './reads.ts';
import { roleIds } from './roles.ts';

const ACCOUNT: Address = '0xABcdEFABcdEFabcdEfAbCdefabcdeFABcDEFabCD';
const UNEXPECTED = expect.objectContaining({ code: 'unexpected_answer' });

function result(abi: Abi, functionName: string, value: unknown): Hex {
  return encodeFunctionResult({ abi, functionName, result: value });
}

describe('reads', () => {
  const uint = fc.bigInt({ min: 0n, max: 2n ** 256n - 1n });

  test.each(['totalSupply', 'highwaterId', 'completedActionCount', 'balanceOf'] as const)(
    'of a number give the number: %s',
    (name) => {
      fc.assert(
        fc.property(uint, (value) => {
          expect(vaultReads[name].decode(result(vaultAbi, name, value))).toBe(value);
        }),
      );
    },
  );

  test('of an address give it in lower case', () => {
    for (const name of ['receipt', 'authorizer'] as const) {
      expect(vaultReads[name].decode(result(vaultAbi, name, ACCOUNT))).toBe(ACCOUNT.toLowerCase());
    }
  });

  test('of decimals, symbol and roles give what they say', () => {
    expect(vaultReads.decimals.decode(result(vaultAbi, 'decimals', 18))).toBe(18);
    expect(vaultReads.symbol.decode(result(vaultAbi, 'symbol', 'tMSFT €'))).toBe('tMSFT €');
    expect(authorizerReads.hasRole.decode(result(authorizerAbi, 'hasRole', true))).toBe(true);
  });

  test('ask for what they are given', () => {
    const asked = (abi: Abi, data: Hex) => decodeFunctionData({ abi, data });
    expect(asked(vaultAbi, vaultReads.balanceOf.encode(ACCOUNT))).toMatchObject({ args: [ACCOUNT] });
    expect(asked(receiptAbi, receiptReads.balanceOf.encode(ACCOUNT, 7n))).toMatchObject({
      args: [ACCOUNT, 7n],
    });
    expect(asked(receiptAbi, receiptReads.balanceOfBatch.encode(ACCOUNT, [7n, 9n]))).toMatchObject({
      args: [
        [ACCOUNT, ACCOUNT],
        [7n, 9n],
      ],
    });
    expect(asked(authorizerAbi, authorizerReads.hasRole.encode('WITHDRAW', ACCOUNT))).toMatchObject({
      args: [roleIds.WITHDRAW, ACCOUNT],
    });
    const plain = ['receipt', 'authorizer', 'decimals', 'symbol', 'totalSupply', 'highwaterId'] as const;
    for (const name of [...plain, 'completedActionCount'] as const) {
      expect(asked(vaultAbi, vaultReads[name].encode()).functionName).toBe(name);
    }
  });

  test('of many receipts give each its balance, and refuse an answer of another length', () => {
    const balances = result(receiptAbi, 'balanceOfBatch', [5n, 0n]);
    expect(receiptReads.balanceOfBatch.decode(balances, [7n, 9n])).toEqual(
      new Map([
        [7n, 5n],
        [9n, 0n],
      ]),
    );
    expect(() => receiptReads.balanceOfBatch.decode(balances, [7n])).toThrow(UNEXPECTED);
    expect(receiptReads.balanceOf.decode(pad('0x5'))).toBe(5n);
  });

  test('refuse the empty answer of an address without code, and bytes that mean nothing', () => {
    for (const read of Object.values(vaultReads)) {
      expect(() => read.decode('0x')).toThrow(UNEXPECTED);
      expect(() => read.decode('0x1234')).toThrow(UNEXPECTED);
    }
    expect(() => receiptReads.balanceOf.decode('0x')).toThrow(UNEXPECTED);
    expect(() => receiptReads.balanceOfBatch.decode('0x', [])).toThrow(UNEXPECTED);
    expect(() => authorizerReads.hasRole.decode('0x')).toThrow(UNEXPECTED);
  });
});

describe('the count of splits', () => {
  const { decodeFailure } = vaultReads.completedActionCount;
  const failure = (
    rpcCode: number,
    message: string,
    data?: unknown,
    kind: 'answered' | 'unreachable' = 'answered',
  ) => new RpcFailure(message, { kind, method: 'eth_call', rpcCode, data });

  test('is null for a vault that has none: the call reverts without data', () => {
    expect(decodeFailure(failure(3, 'execution reverted', '0x'))).toBeNull();
    expect(decodeFailure(failure(3, 'execution reverted'))).toBeNull();
    expect(decodeFailure(failure(-32_015, 'VM execution error', 'Reverted 0x'))).toBeNull();
    expect(decodeFailure(failure(-32_000, 'execution reverted'))).toBeNull();
  });

  test.each([
    failure(3, 'execution reverted', '0xc7838b0c'),
    failure(-32_005, 'limit exceeded'),
    failure(-32_000, 'header not found'),
    failure(3, 'execution reverted', '0x', 'unreachable'),
    new Error('execution reverted'),
  ])('stays unknown after any other failure', (error) => {
    expect(() => decodeFailure(error)).toThrow(error);
  });
});
