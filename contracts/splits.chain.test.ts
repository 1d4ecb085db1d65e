import type { Address, Hex } from 'viem';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type LocalChain, startLocalChain } from '../src/sandbox/local-chain.ts';
import { transferCall } from '../src/vault/calls.ts';
import { vaultReads } from '../src/vault/reads.ts';
import { type Bench, RATIO, createBench } from './bench.ts';

let chain: LocalChain;
beforeEach(async () => {
  chain = await startLocalChain();
});
afterEach(() => chain.stop());

const { encode, decode, decodeFailure } = vaultReads.completedActionCount;
const splitsOf = (bench: Bench) => bench.call(bench.vault, encode()).then(decode, decodeFailure);

describe('a stock split', () => {
  test('changes shares and receipts without an event, and is counted', async () => {
    const bench = await createBench(chain, 'ProductionVault');
    await bench.open();
    const { owner, bot, ap, stranger } = bench.accounts;
    const deposit = () => bench.send(bot, bench.vault, bench.encode('deposit', 10n, bot, RATIO, '0x'));
    const held = () => Promise.all([bench.sharesOf(bot), bench.sharesOf(ap), bench.receiptsOf(bot, 1n)]);
    await deposit();
    await bench.send(bot, bench.vault, transferCall(ap, 5n));
    expect(await splitsOf(bench)).toBe(0n);

    const mined = await bench.send(owner, bench.vault, bench.encode('rebase', 3n, 2n));
    expect([mined.status, mined.logs, await splitsOf(bench)]).toEqual([1, [], 1n]);
    // 10 became 15, and each half of it 7, with a half lost to rounding.
    expect(await held()).toEqual([7n, 7n, 15n]);
    expect(await supplyOf(bench)).toEqual([15n, 15n]);

    // What moves and is minted after the split is not split again.
    await bench.send(bot, bench.vault, transferCall(ap, 2n));
    await deposit();
    expect([await held(), await bench.receiptsOf(bot, 2n)]).toEqual([[15n, 9n, 15n], 10n]);
    await bench.send(owner, bench.vault, bench.encode('rebase', 1n, 5n));
    expect([await held(), await bench.receiptsOf(bot, 2n), await splitsOf(bench)]).toEqual([
      [3n, 1n, 3n],
      2n,
      2n,
    ]);

    const split = bench.encode('rebase', 3n, 2n);
    expect((await bench.revertOf(stranger, bench.vault, split)).name).toBe('OwnableUnauthorizedAccount');
  });

  test('is unknown to the older family, where the count is absent', async () => {
    const bench = await createBench(chain, 'CloneVault');
    expect(await splitsOf(bench)).toBeNull();
    expect(() => bench.encode('rebase', 3n, 2n)).toThrow('not found');
  });

  test('is not taken for absent where the vault is not even there', async () => {
    const bench = await createBench(chain, 'ProductionVault');
    const nowhere: Address = '0x00000000000000000000000000000000000000ee';
    const answered: Hex = await bench.call(nowhere, encode());
    expect(() => decode(answered)).toThrow(expect.objectContaining({ code: 'unexpected_answer' }));
  });
});

function supplyOf(bench: Bench): Promise<readonly bigint[]> {
  const read = async (name: string) => BigInt(await bench.call(bench.vault, bench.encode(name)));
  return Promise.all([read('totalSupply'), read('totalAssets')]);
}
