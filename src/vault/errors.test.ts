import { type Abi, type Hex, encodeErrorResult } from 'viem';
import { describe, expect, test } from 'vitest';
import { IssuanceError, RpcFailure } from '../primitives/failures.ts';
import { errorAbi } from './abi.ts';
import { describeRevert, revertDataOf } from './errors.ts';
import { roleIds, roleName } from './roles.ts';

const USER = '0xabcdefabcdefabcdefabcdefabcdefabcdefabcd';
const OTHER = '0x00000000000000000000000000000000000000bb';
const SAMPLES: Readonly<Record<string, unknown>> = {
  address: USER,
  uint256: 17n,
  bytes32: roleIds.WITHDRAW,
  bytes: '0x12ab',
  string: 'ERC20: burn amount exceeds balance',
};

function encoded(name: (typeof errorAbi)[number]['name']): Hex {
  const errors = errorAbi.filter((it) => it.name === name);
  const abi: Abi = errors;
  const args = errors.flatMap((it) => it.inputs.map((input) => SAMPLES[input.type]));
  return encodeErrorResult({ abi, errorName: name, args });
}

describe('a revert in words', () => {
  test.each(errorAbi.map(({ name, inputs }) => ({ name, inputs })))(
    'is told for $name',
    ({ name, inputs }) => {
      const described = describeRevert(encoded(name));
      expect(described.name).toBe(name);
      // Every placeholder was one of the error's parameters.
      expect(described.text).not.toMatch(/[{}]|undefined/);
      expect(described.text).toMatch(/\w{2}/);
      expect(Object.keys(described.args)).toEqual(inputs.map((input) => input.name));
      for (const input of inputs) expect(described.args[input.name]).toBe(String(SAMPLES[input.type]));
    },
  );

  test('says who lacks which role', () => {
    expect(describeRevert(encoded('Unauthorized'))).toEqual({
      name: 'Unauthorized',
      text: `${USER} lacks the role WITHDRAW`,
      args: { user: USER, permission: roleIds.WITHDRAW, data: '0x12ab' },
    });
  });

  test('tells a lapsed certification, which only the authorizer knows of', () => {
    const data = encodeErrorResult({ abi: errorAbi, errorName: 'CertificationExpired', args: [USER, OTHER] });
    expect(describeRevert(data).text).toBe(
      `the vault's certification has expired: nothing may move from ${USER} to ${OTHER}`,
    );
  });

  test("gives the older vaults' own words, whatever they look like", () => {
    const data = encodeErrorResult({ abi: errorAbi, errorName: 'Error', args: ['{user} $& ERC20'] });
    expect(describeRevert(data)).toEqual({
      name: 'Error',
      text: '{user} $& ERC20',
      args: { message: '{user} $& ERC20' },
    });
  });

  test('tells what a panic means', () => {
    expect(describeRevert(encoded('Panic')).text).toContain('arithmetic overflow');
    const strange = encodeErrorResult({ abi: errorAbi, errorName: 'Panic', args: [99n] });
    expect(describeRevert(strange).text).toContain('code 99');
  });

  test.each<[Hex | undefined, string]>([
    [undefined, 'Empty'],
    ['0x', 'Empty'],
    ['0x12', 'Unknown'],
    ['0xdeadbeef00', 'Unknown'],
    // A known selector with arguments that are missing.
    ['0x3ae4063b1234', 'Unknown'],
    ['0xnothex', 'Unknown'],
  ])('makes no more of %s than there is', (data, name) => {
    expect(describeRevert(data)).toMatchObject({ name, args: name === 'Empty' ? {} : { data } });
  });
});

describe('the bytes of a revert', () => {
  const failure = (data: unknown): RpcFailure =>
    new RpcFailure('execution reverted', { kind: 'answered', method: 'eth_call', rpcCode: 3, data });

  test.each<[string, unknown, Hex | undefined]>([
    ['as a string', '0xC7838B0C', '0xc7838b0c'],
    ['as an empty string of bytes', '0x', '0x'],
    ['behind a word', 'Reverted 0xc7838b0c', '0xc7838b0c'],
    ['in an object', { data: '0xc7838b0c' }, '0xc7838b0c'],
    ['in an error in an object', { originalError: { code: 3, data: '0xc7838b0c' } }, '0xc7838b0c'],
    ['nowhere', undefined, undefined],
    ['in a text', 'execution reverted', undefined],
    ['in half a byte', '0xabc', undefined],
    ['under another name', { hash: '0xc7838b0c' }, undefined],
  ])('are found %s', (_, data, expected) => {
    expect(revertDataOf(failure(data))).toBe(expected);
    expect(revertDataOf(new IssuanceError('any', 'wrapped', { cause: failure(data) }))).toBe(expected);
  });

  test('are not looked for without end, nor in what is no failure of the RPC', () => {
    const circle: Record<string, unknown> = {};
    circle.data = circle;
    expect(revertDataOf(failure(circle))).toBeUndefined();
    expect(revertDataOf(new Error('no', { cause: 'x' }))).toBeUndefined();
    expect(revertDataOf({ data: '0xc7838b0c' })).toBeUndefined();
    expect(revertDataOf(null)).toBeUndefined();
  });
});

test('roles are known by their names, admins too', () => {
  expect(roleName(roleIds.DEPOSIT)).toBe('DEPOSIT');
  expect(roleName(roleIds.DEPOSIT.toUpperCase().replace('0X', '0x'))).toBe('DEPOSIT');
  expect(roleName('0x00')).toBeNull();
});
