import type { Address } from 'viem';
import { describe, expect, test } from 'vitest';
import { anyKind } from '../event-store/create-ledger.ts';
import { openTestLedger } from '../operation/test-ledger.ts';
import { ASSET_TABLE, assetKind, VAULT_TABLE } from './asset.ts';
import type { VaultOnChain } from './assets.ts';
import { createAssets } from './assets.ts';

const OPERATOR = { actor: 'ana' };
const vaultAt = (digit: number): Address => `0x${String(digit).repeat(40)}`;

const AAPL = { underlying: 'AAPL', token: 'tAAPL', network: 'base', vault: vaultAt(1) };
const MSFT = { underlying: 'MSFT', token: 'tMSFT', network: 'base', vault: vaultAt(2) };

/** Assets over a real store; every address holds a vault of the token that is asked about, but for `onChain`. */
async function open(onChain: Partial<VaultOnChain> = {}) {
  const { ledger, store, types } = await openTestLedger([anyKind(assetKind)], [ASSET_TABLE, VAULT_TABLE]);
  let symbol = '';
  const assets = createAssets({
    ledger,
    store,
    readVault: (network) =>
      Promise.resolve({
        chainId: network === 'base' ? 8453 : 1,
        symbol,
        decimals: 18,
        receipt: vaultAt(9),
        ...onChain,
      }),
  });
  const point = (input: typeof AAPL) => {
    symbol = input.token;
    return assets.point(input, OPERATOR);
  };
  return { assets, point, types };
}

describe('pointing an asset to a vault', () => {
  test('adds it once, and a repeat finds it', async () => {
    const { point, types } = await open();
    expect(await point(AAPL)).toMatchObject({ added: true, asset: { state: 'enabled', vault: vaultAt(1) } });
    expect(await point(AAPL)).toMatchObject({ added: false, asset: { vault: vaultAt(1), pastVaults: [] } });
    expect(await types('asset/base/AAPL')).toEqual(['AssetAdded']);
  });

  test('the same asset twice at once is added once', async () => {
    const { point } = await open();
    const both = await Promise.all([point(AAPL), point(AAPL)]);
    expect(both.filter((it) => it.added)).toHaveLength(1);
  });

  test('to another vault keeps the old one in sight, and back again makes it the present one', async () => {
    const { assets, point } = await open();
    await point(AAPL);
    const moved = await point({ ...AAPL, vault: vaultAt(3) });
    expect(moved.asset).toMatchObject({ vault: vaultAt(3), pastVaults: [vaultAt(1)] });
    expect(await assets.vault(8453, vaultAt(1))).toMatchObject({ underlying: 'AAPL', current: false });
    const back = await point(AAPL);
    expect(back.asset).toMatchObject({ vault: vaultAt(1), pastVaults: [vaultAt(3)] });
  });

  test('two assets cannot share a vault, even one after the other or at once', async () => {
    const { point } = await open();
    await point(AAPL);
    await point({ ...AAPL, vault: vaultAt(3) });
    // Its former vault still holds balances of the first asset.
    await expect(point({ ...MSFT, vault: vaultAt(1) })).rejects.toMatchObject({ code: 'vault_taken' });
  });

  test('of two assets that want one vault at once, one has it', async () => {
    const { ledger, store } = await openTestLedger([anyKind(assetKind)], [ASSET_TABLE, VAULT_TABLE]);
    let asked = 0;
    const assets = createAssets({
      ledger,
      store,
      readVault: () => {
        asked += 1;
        const symbol = asked === 1 ? AAPL.token : MSFT.token;
        return Promise.resolve({ chainId: 8453, symbol, decimals: 18, receipt: vaultAt(9) });
      },
    });
    const both = await Promise.allSettled([
      assets.point(AAPL, OPERATOR),
      assets.point({ ...MSFT, vault: AAPL.vault }, OPERATOR),
    ]);
    expect(both).toMatchObject([
      { status: 'fulfilled' },
      { status: 'rejected', reason: { code: 'vault_taken' } },
    ]);
    expect(await assets.list()).toHaveLength(1);
  });

  test('one vault address may serve on two networks, since these are two contracts', async () => {
    const { assets, point } = await open();
    await point(AAPL);
    await point({ ...AAPL, network: 'ethereum' });
    expect((await assets.list('AAPL')).map((it) => it.network)).toEqual(['base', 'ethereum']);
  });

  test.each([
    ['the vault of another token', { symbol: 'tTSLA' }, 'symbol_mismatch'],
    ['a vault of other decimals', { decimals: 6 }, 'vault_invalid'],
  ])('refuses %s and leaves no trace', async (_what, onChain, code) => {
    const { assets, point } = await open(onChain);
    await expect(point(AAPL)).rejects.toMatchObject({ code });
    expect(await assets.list()).toEqual([]);
  });

  test('an asset keeps its token, and a token its asset', async () => {
    const { point } = await open();
    await point(AAPL);
    const renamed = point({ ...AAPL, token: 'xAAPL', vault: vaultAt(4) });
    await expect(renamed).rejects.toMatchObject({ code: 'asset_token_differs' });
    const borrowed = point({ ...MSFT, token: 'tAAPL' });
    await expect(borrowed).rejects.toMatchObject({ code: 'token_taken' });
  });
});

test('disabling and enabling may be repeated, and a re-pointed asset stays disabled', async () => {
  const { assets, point, types } = await open();
  await point(AAPL);
  for (const enabled of [false, false, true, true, false]) {
    const asset = await assets.setEnabled('AAPL', 'base', enabled, OPERATOR);
    expect(asset.state).toBe(enabled ? 'enabled' : 'disabled');
  }
  await point({ ...AAPL, vault: vaultAt(3) });
  expect(await assets.get('AAPL', 'base')).toMatchObject({ state: 'disabled', vault: vaultAt(3) });
  expect(await types('asset/base/AAPL')).toEqual([
    'AssetAdded',
    'AssetDisabled',
    'AssetEnabled',
    'AssetDisabled',
    'AssetVaultChanged',
  ]);
});

test('an asset that nobody added cannot be disabled', async () => {
  const { assets } = await open();
  await expect(assets.setEnabled('AAPL', 'base', false, OPERATOR)).rejects.toMatchObject({
    code: 'asset_unknown',
  });
});
