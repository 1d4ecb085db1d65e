import { describe, expect, test } from 'vitest';
import type { AssetCommand, AssetEvent } from './asset.ts';
import { assetKind, decideAsset, evolveAsset } from './asset.ts';

const first = '0x0000000000000000000000000000000000000001';
const second = '0x0000000000000000000000000000000000000002';
const receipt = '0x000000000000000000000000000000000000000f';
const asset = { underlying: 'AAPL', network: 'base', token: 'tAAPL', chainId: 8453 };
const point = (vault: typeof first | typeof second, token = 'tAAPL'): AssetCommand => ({
  type: 'point',
  ...asset,
  token,
  vault,
  receipt,
});
const added: AssetEvent = { type: 'AssetAdded', data: { ...asset, vault: first, receipt } };
const moved: AssetEvent = { type: 'AssetVaultChanged', data: { vault: second, receipt } };
const back: AssetEvent = { type: 'AssetVaultChanged', data: { vault: first, receipt } };
const disabled: AssetEvent = { type: 'AssetDisabled', data: {} };

function given(...events: readonly AssetEvent[]) {
  const state = events.reduce(evolveAsset, assetKind.initialState);
  return { state, when: (command: AssetCommand) => () => decideAsset(command, state) };
}

describe('asset', () => {
  test('given nothing, when pointed to a vault, then it is added', () => {
    expect(given().when(point(first))()).toEqual([added]);
  });

  test('given an asset, when pointed to the same vault, then nothing happens', () => {
    expect(given(added).when(point(first))()).toEqual([]);
  });

  test('given an asset, when pointed to another vault, then the old one is kept as past', () => {
    expect(given(added).when(point(second))()).toEqual([moved]);
    expect(given(added, moved).state).toMatchObject({
      current: { vault: second },
      past: [{ vault: first }],
    });
  });

  test('given a move, when it moves back, then no vault is listed twice', () => {
    expect(given(added, moved, back).state).toMatchObject({
      current: { vault: first },
      past: [{ vault: second }],
    });
  });

  test('given an asset, when pointed under another token symbol, then it is refused', () => {
    expect(given(added).when(point(second, 'xAAPL'))).toThrow(/token symbol cannot change/);
  });

  test('disabling and enabling are idempotent, and need the asset', () => {
    expect(given(added).when({ type: 'disable' })()).toEqual([disabled]);
    expect(given(added, disabled).when({ type: 'disable' })()).toEqual([]);
    expect(given(added, disabled).when({ type: 'enable' })()).toEqual([{ type: 'AssetEnabled', data: {} }]);
    expect(given().when({ type: 'disable' })).toThrow(/no such asset/);
  });

  test('a re-pointed asset stays disabled', () => {
    expect(given(added, disabled, moved).state.kind).toBe('disabled');
  });
});
