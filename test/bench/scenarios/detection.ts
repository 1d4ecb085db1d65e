import type { World } from '../../e2e/world.ts';
import { eventually, startWorld, within } from '../../e2e/world.ts';
import type { Scenario, ScenarioContext } from '../scenario.ts';
import { median } from '../scenario.ts';

const TRANSFERS = 25;
const IDLE_TRANSFERS = 15;
/** Blocks on top of a transfer before it is acted on. */
const CONFIRMATIONS = 2;
/** From one block to the next; hints that come closer together are collected, which no real chain's do. */
const BLOCK_MS = 600;
/** The poll without a socket, by default: transfers come at any moment of it. */
const POLL_MS = 4_000;

/** How long a confirmed transfer waits until Alpaca is asked to redeem, each time from a service at rest. */
export const detection: Scenario = {
  title: 'From a confirmed transfer to the redeem call',
  figures: [
    {
      name: 'detect_ms_p50',
      what: 'transfer in a confirmed block → redeem call at Alpaca, with the hint of a WebSocket; median',
      unit: 'ms',
      target: { atMost: 100 },
      limit: 'Some dozen requests to the node one after the other, and two commits.',
    },
    {
      name: 'detect_idle_ms_p50',
      what: 'the same at rest without a WebSocket, at the default poll of 4 s; median',
      unit: 'ms',
      target: { atMost: 2_500 },
      limit: 'Half of the poll; to poll more often costs requests.',
    },
  ],
  async run(context) {
    const hinted = await measure(context, context.quick ? 1 : TRANSFERS, true);
    const polled = await measure(context, context.quick ? 1 : IDLE_TRANSFERS, false);
    return { detect_ms_p50: median(hinted), detect_idle_ms_p50: median(polled) };
  },
};

async function measure(context: ScenarioContext, count: number, hinted: boolean): Promise<readonly number[]> {
  const world = await startWorld({
    env: { CHAIN_BASE_CONFIRMATIONS: String(CONFIRMATIONS) },
    settings: ({ networks }) => {
      const [network] = [...networks.values()];
      const socket = hinted ? { CHAIN_BASE_WS_URL: network?.chain.wsUrl ?? '' } : {};
      const poll = hinted ? '10000' : context.quick ? '500' : String(POLL_MS);
      return Promise.resolve({ ...socket, CHAIN_BASE_POLL_MS: poll });
    },
  });
  context.onEnd(() => world.stop());
  const words = hinted ? 'with a WebSocket' : 'without a WebSocket';
  context.progress(`${words}: ${String(count)} transfers`);
  await world.network().chain.setAutomine(false);
  await blocksEvery(world, 0.2, async () => {
    await world.mint(String(count + 1));
  });
  const waitsMs: number[] = [];
  for (let at = 0; at < count; at += 1) {
    // At any moment between two polls: what keeps step with them would measure its own rhythm.
    if (!hinted) await pause(Math.random() * (context.quick ? 500 : POLL_MS));
    waitsMs.push(await detect(world));
  }
  context.note(
    `${words[0]?.toUpperCase() ?? ''}${words.slice(1)}: ${String(count)} transfers, ${String(CONFIRMATIONS)} ` +
      `confirmations, from ${Math.min(...waitsMs).toFixed(0)} to ${Math.max(...waitsMs).toFixed(0)} ms; ` +
      'the time begins before the confirming block is asked for.',
  );
  return waitsMs;
}

/** One transfer, from its confirming block to the call; then the redemption is let come to its end. */
async function detect(world: World): Promise<number> {
  const { chain } = world.network();
  const { alpaca } = world.partners;
  const before = alpaca.calls('callback_redeem').length;
  await submitTransfer(world);
  await chain.mine(CONFIRMATIONS);
  await pause(BLOCK_MS);
  const called = alpaca.waitFor(() => alpaca.calls('callback_redeem').length > before);
  const startedMs = performance.now();
  await chain.mine();
  await within(called, 'the redeem call');
  const waitMs = performance.now() - startedMs;
  await blocksEvery(world, 0.2, () =>
    eventually(
      async () => (await world.operations('kind=redemption')).every((it) => it.state === 'completed'),
      'the redemption to end',
    ),
  );
  return waitMs;
}

async function submitTransfer(world: World): Promise<void> {
  const wallet = world.network().wallet(0);
  const data = world.vault().encode('transfer', [world.partners.issuerAddress, 10n ** 18n]);
  await wallet.submit({ to: world.vault().address, data });
}

/** Lets the chain make blocks by itself while `task` runs; before and after only `mine` makes them. */
async function blocksEvery(world: World, seconds: number, task: () => Promise<unknown>): Promise<void> {
  const { chain } = world.network();
  const stop = new AbortController();
  const mining = (async () => {
    while (!stop.signal.aborted) {
      await chain.mine();
      await pause(seconds * 1_000);
    }
  })();
  try {
    await task();
  } finally {
    stop.abort();
    await mining;
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
