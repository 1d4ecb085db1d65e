import * as chains from 'viem/chains';
import { describe, expect, test } from 'vitest';
import { defaultConfirmations, EVM_NETWORK_NAMES, evmNetwork, isEvmNetworkName } from './networks.ts';

describe('the networks', () => {
  test('carry the chain ids of the public chain list', () => {
    const expected = {
      arbitrum: chains.arbitrum.id,
      base: chains.base.id,
      binance: chains.bsc.id,
      cronos: chains.cronos.id,
      ethereum: chains.mainnet.id,
      hyperevm: chains.hyperEvm.id,
      mantle: chains.mantle.id,
      robinhood: chains.robinhood.id,
    };
    expect(Object.fromEntries(EVM_NETWORK_NAMES.map((name) => [name, evmNetwork(name).chainId]))).toEqual(
      expected,
    );
  });

  test('have default depths, and none on a local chain', () => {
    expect(defaultConfirmations('ethereum', 1)).toBe(12);
    expect(defaultConfirmations('base', 8453)).toBe(20);
    expect(defaultConfirmations('base', 84_532)).toBe(20);
    expect(defaultConfirmations('base', 31_337)).toBe(0);
  });

  test.each(['solana', 'ton', 'tron', 'hypercore'])('refuse %s, which is no EVM chain', (name) => {
    expect(isEvmNetworkName(name)).toBe(false);
    expect(() => evmNetwork(name)).toThrow(expect.objectContaining({ code: 'unsupported_network' }));
  });

  test.each(['Base', 'polygon', '', 'toString'])('do not know %j', (name) => {
    expect(() => evmNetwork(name)).toThrow(expect.objectContaining({ code: 'unknown_network' }));
  });
});
