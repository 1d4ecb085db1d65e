import { randomUUID } from 'node:crypto';
import type { World } from '../../e2e/world.ts';
import type { Load } from './start-load.ts';
import { startLoad } from './start-load.ts';

/** Connections that Alpaca might keep open; each has one request under way. */
const CONNECTIONS = 64;

/**
 * Asks the world's service for so many mints as Alpaca does, each with an id of its own, past the simulated Alpaca.
 *
 * Rejects when any of them is not answered with 200: what was refused costs less and would flatter.
 */
export async function loadMints(world: World, count: number, connections = CONNECTIONS): Promise<Load> {
  const network = world.network();
  const fields = {
    qty: '1',
    underlying_symbol: 'AAPL',
    token_symbol: 'tAAPL',
    network: network.network,
    client_external_account_id: world.clientId,
    wallet_address: network.wallet(0).address,
  };
  const load = await startLoad({
    url: `${world.issuer().url}/tokenization/mint`,
    headers: { 'x-api-key': world.partners.keys.alpaca },
    connections,
    count,
    bodyOf: () => JSON.stringify({ tokenization_request_id: randomUUID(), ...fields }),
  });
  if (load.statuses['200'] !== count) {
    throw new Error(`not every mint request was taken: ${JSON.stringify(load.statuses)}`);
  }
  return load;
}
