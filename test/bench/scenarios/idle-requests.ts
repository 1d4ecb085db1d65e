import type { LocalPartners } from '../../../src/sandbox/local-partners.ts';
import { startLocalPartners } from '../../../src/sandbox/local-partners.ts';
import { createIssuerApi } from '../../../src/sandbox/issuer-api.ts';
import type { Scenario, ScenarioContext } from '../scenario.ts';
import { startVirtualService } from '../virtual-service.ts';

const VAULTS = 20;
const BLOCK_MS = 2_000;
const HOUR_MS = 3_600_000;
/** Until everything was read once, and the pauses are those of a quiet network. */
const SETTLING_MS = 600_000;

/** What a network costs while nothing happens: the real service on a clock that we move, for a true hour. */
export const idleRequests: Scenario = {
  title: 'Requests of an idle network',
  figures: [
    {
      name: 'rpc_per_hour_idle_ws',
      what: 'requests to the node in an hour; 20 vaults, 2-second blocks, hints over a WebSocket',
      unit: '/h',
      target: { atMost: 1_000 },
      limit: 'A look for arrivals every 10 s, in case an announcement was lost.',
    },
    {
      name: 'rpc_per_hour_idle',
      what: 'the same without a WebSocket',
      unit: '/h',
      target: { atMost: 2_000 },
      limit: 'A look for arrivals every 4 s, which is how late a transfer may be seen.',
    },
  ],
  async run(context) {
    const vaults = context.quick ? 2 : VAULTS;
    context.progress(`a chain with ${String(vaults)} vaults`);
    const partners = await startLocalPartners({
      networks: [
        {
          network: 'base',
          vaults: Array.from({ length: vaults }, (_, at) => ({
            underlying: `U${String(at)}`,
            token: `tU${String(at)}`,
          })),
        },
      ],
    });
    context.onEnd(() => partners.stop());
    return {
      rpc_per_hour_idle_ws: await anHour(context, partners, true),
      rpc_per_hour_idle: await anHour(context, partners, false),
    };
  },
};

async function anHour(
  context: ScenarioContext,
  { networks, env, keys }: LocalPartners,
  withSocket: boolean,
): Promise<number> {
  const [network] = [...networks.values()];
  if (network === undefined) throw new Error('there is no network');
  // As an operator of Base has it: every setting at its default, but for the nodes.
  const { CHAIN_BASE_POLL_MS: _poll, CHAIN_BASE_FINALITY: _finality, ...settings } = env;
  const service = await startVirtualService({
    ...settings,
    CHAIN_BASE_CONFIRMATIONS: '20',
    HOST: '127.0.0.1',
    PORT: '0',
    DATABASE_URL: 'sqlite::memory:',
    ...(withSocket ? { CHAIN_BASE_WS_URL: network.chain.wsUrl } : {}),
  });
  context.onEnd(() => service.stop());
  const api = createIssuerApi(service.url, keys.admin);
  for (const [at, vault] of [...network.vaults.values()].entries()) {
    const asset = {
      underlying: `U${String(at)}`,
      token: vault.symbol,
      network: 'base',
      vault: vault.address,
    };
    await api.call('POST', '/tokenized-assets', asset);
  }
  const mine = (): Promise<void> => network.chain.mine();
  context.progress(`${withSocket ? 'with' : 'without'} a WebSocket: until all is quiet`);
  await service.run(context.quick ? 30_000 : SETTLING_MS, BLOCK_MS, mine);
  const before = new Map(service.requests);
  const windowMs = context.quick ? 60_000 : HOUR_MS;
  context.progress(`${withSocket ? 'with' : 'without'} a WebSocket: ${String(windowMs / 60_000)} minutes`);
  await service.run(windowMs, BLOCK_MS, mine);
  const asked = [...service.requests]
    .map(([method, count]) => [method, count - (before.get(method) ?? 0)] as const)
    .filter(([, count]) => count > 0)
    .sort((a, b) => b[1] - a[1]);
  context.note(
    `${withSocket ? 'With' : 'Without'} a WebSocket, in ${String(windowMs / 60_000)} minutes of its own clock: ` +
      `${asked.map(([method, count]) => `${String(count)} ${method}`).join(', ')}.`,
  );
  await service.stop();
  return (asked.reduce((sum, [, count]) => sum + count, 0) * HOUR_MS) / windowMs;
}
