import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseQuantity } from '../../src/primitives/quantity.ts';
import type { TestVault } from '../../src/sandbox/test-vault.ts';
import { deployTestVault } from '../../src/sandbox/test-vault.ts';
import { expectInvariants } from './invariants.ts';
import { reaches } from './outsider.ts';
import type { World } from './world.ts';
import { BASE, eventually, startWorld } from './world.ts';

describe('a service that grows while it runs', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({
      networks: [
        BASE,
        { network: 'ethereum', chain: { chainId: 31338 }, vaults: [{ underlying: 'AAPL', token: 'eAAPL' }] },
      ],
    });
  });
  afterAll(async () => {
    await world.stop();
  });

  /** Deploys a vault on a network and points a new asset at it. */
  const addVault = async (network: string, underlying: string, token: string) => {
    const { chain, deployer } = world.network(network);
    const issuer = world.partners.issuerAddress;
    const vault = await deployTestVault({ chain, deployer, issuer, symbol: token, family: 'clone' });
    const point = { underlying, token, network, vault: vault.address };
    expect(await world.api.call('POST', '/tokenized-assets', point)).toMatchObject({ state: 'enabled' });
    return vault;
  };
  const roundTrip = async (
    network: 'base' | 'ethereum',
    underlying: string,
    token: string,
    vault: TestVault,
  ) => {
    const wallet = world.network(network).wallet(0);
    const order = {
      email: world.email,
      underlying_symbol: underlying,
      token_symbol: token,
      network,
      qty: '7',
      wallet_address: wallet.address,
    };
    const { issuerRequestId } = await world.partners.alpaca.ap.requestMint(order);
    await reaches(world, issuerRequestId ?? '', 'completed');
    const data = vault.encode('transfer', [world.partners.issuerAddress, parseQuantity('2')]);
    const { hash } = await wallet.send({ to: vault.address, data });
    const { id } = await world.operation(`kind=redemption&tx_hash=${hash}`);
    return reaches(world, id, 'completed');
  };

  test('serves a vault added after a long silence, on each of its networks', async () => {
    // More blocks than vaults may be apart and still be read together.
    for (const network of ['base', 'ethereum']) await world.network(network).chain.mine(600);
    world.partners.alpaca.ap.deposit(world.email, 'MSFT', world.shares);
    const msft = await addVault('base', 'MSFT', 'tMSFT');
    expect(await roundTrip('base', 'MSFT', 'tMSFT', msft)).toMatchObject({ network: 'base', burned: '2' });
    const second = await addVault('ethereum', 'MSFT', 'eMSFT');
    expect(await roundTrip('ethereum', 'MSFT', 'eMSFT', second)).toMatchObject({
      network: 'ethereum',
      burned: '2',
    });
    expect((await world.mint('1', { token: 'tAAPL' })).status).toBe('completed');
    expect((await world.mint('2', { token: 'eAAPL' })).status).toBe('completed');

    const tokens = await world.partners.alpaca.ap.tokens();
    expect(tokens.map((it) => [it.token, it.networks])).toEqual([
      ['eAAPL', ['ethereum']],
      ['tAAPL', ['base']],
      ['eMSFT', ['ethereum']],
      ['tMSFT', ['base']],
    ]);
    await eventually(async () => {
      const { networks } = (await world.api.call('GET', '/ready')) as {
        networks: Record<string, { scan: string }>;
      };
      return Object.values(networks).every((it) => it.scan === 'ok');
    }, 'every vault to be level');
    await expectInvariants(world);
  });
});
