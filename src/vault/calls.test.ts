import * as fc from 'fast-check';
import { type Address, type Hex, decodeFunctionData, getAddress } from 'viem';
import { describe, expect, test } from 'vitest';
import { vaultAbi } from './abi.ts';
import { encodeBurn, encodeMintBatch, encodeMulticall, mintCalls, transferCall } from './calls.ts';
import { readTag } from './tag.ts';

const SIGNER = getAddress('0x00000000000000000000000000000000000000aa');
const RECIPIENT = getAddress('0x00000000000000000000000000000000000000bb');
const OPERATION = '3f1c8f0e-7a55-4c1b-9d0e-2b6a4d1c9e77';

/** The calls inside a multicall, decoded. Decoding, like the contracts, ignores the tag. */
function callsOf(calldata: Hex): readonly { functionName: string; args: readonly unknown[] }[] {
  const outer = decodeFunctionData({ abi: vaultAbi, data: calldata });
  expect(outer.functionName).toBe('multicall');
  return (outer.args[0] as readonly Hex[]).map((data) => {
    const { functionName, args } = decodeFunctionData({ abi: vaultAbi, data });
    return { functionName, args: args ?? [] };
  });
}

const address = fc
  .uint8Array({ minLength: 20, maxLength: 20 })
  .map((it): Address => getAddress(`0x${Buffer.from(it).toString('hex')}`));
const bytes = fc.uint8Array({ maxLength: 100 }).map((it): Hex => `0x${Buffer.from(it).toString('hex')}`);
const amount = fc.bigInt({ min: 1n, max: 2n ** 256n - 1n });

describe('a batch of mints', () => {
  test('deposits to the signer and transfers to the recipient, for each mint in turn', () => {
    const mint = fc.record({ assets: amount, recipient: address, information: bytes });
    fc.assert(
      fc.property(fc.array(mint, { minLength: 1, maxLength: 8 }), address, (mints, signer) => {
        const ids = mints.map((_, at) => OPERATION.replace(/.{4}$/, String(1000 + at)));
        const calldata = encodeMintBatch(
          mints.map((it) => ({ ...it, signer })),
          ids,
        );
        const expected = mints.flatMap(({ assets, recipient, information }) => [
          { functionName: 'deposit', args: [assets, signer, 10n ** 18n, information] },
          { functionName: 'transfer', args: [recipient, assets] },
        ]);
        expect(callsOf(calldata)).toEqual(expected);
        expect(readTag(calldata)).toEqual({ operationIds: ids });
      }),
    );
  });

  test('is refused when a mint has no operation, an amount is zero, or there is none', () => {
    const mint = { assets: 1n, signer: SIGNER, recipient: RECIPIENT, information: '0x' as const };
    expect(() => encodeMintBatch([mint, mint], [OPERATION])).toThrow('every mint of a batch');
    expect(() => encodeMintBatch([{ ...mint, assets: 0n }], [OPERATION])).toThrow('positive amount');
    expect(() => encodeMintBatch([], [])).toThrow('at least one');
  });

  test('is the same as its calls put into a multicall', () => {
    const mint = { assets: 5n, signer: SIGNER, recipient: RECIPIENT, information: '0x12' as const };
    expect(encodeMulticall(mintCalls(mint), [OPERATION])).toBe(encodeMintBatch([mint], [OPERATION]));
  });
});

describe('a burn', () => {
  const item = fc.record({ receiptId: amount, shares: amount, information: bytes });

  test('redeems every receipt with its own bytes, then returns the dust', () => {
    const dust = fc.option(fc.record({ to: address, amount }), { nil: undefined });
    fc.assert(
      fc.property(fc.array(item, { minLength: 1, maxLength: 8 }), dust, address, (burns, dust, signer) => {
        const calldata = encodeBurn({ burns, dust, signer, operationId: OPERATION });
        const redeems = burns.map(({ receiptId, shares, information }) => ({
          functionName: 'redeem',
          args: [shares, signer, signer, receiptId, information],
        }));
        const transfers =
          dust === undefined ? [] : [{ functionName: 'transfer', args: [dust.to, dust.amount] }];
        expect(callsOf(calldata)).toEqual([...redeems, ...transfers]);
        expect(readTag(calldata)).toEqual({ operationIds: [OPERATION] });
      }),
    );
  });

  test('is refused without receipts and with amounts of zero', () => {
    const burn = { receiptId: 1n, shares: 1n, information: '0x' as const };
    const rest = { signer: SIGNER, operationId: OPERATION };
    expect(() => encodeBurn({ ...rest, burns: [] })).toThrow('at least one receipt');
    expect(() => encodeBurn({ ...rest, burns: [{ ...burn, shares: 0n }] })).toThrow('positive amount');
    const noDust = { to: RECIPIENT, amount: 0n };
    expect(() => encodeBurn({ ...rest, burns: [burn], dust: noDust })).toThrow('positive amount');
  });
});

test('a transfer is a plain ERC-20 transfer', () => {
  expect(transferCall(RECIPIENT, 255n)).toBe(
    `0xa9059cbb${RECIPIENT.slice(2).toLowerCase().padStart(64, '0')}${'ff'.padStart(64, '0')}`,
  );
});
