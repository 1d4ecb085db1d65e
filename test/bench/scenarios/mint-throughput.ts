import type { Hex } from 'viem';
import { hexToBigInt, numberToHex } from 'viem';
import type { StoredEvent } from '../../../src/event-store/event-store.ts';
import type { World } from '../../e2e/world.ts';
import { eventually, startWorld, within } from '../../e2e/world.ts';
import { withReader } from '../../e2e/with-reader.ts';
import type { Scenario } from '../scenario.ts';
import { processorMs } from '../process-facts.ts';

const MINTS = 2_000;
/** Sent first, so that the lane has had its trial and the code is compiled. */
const WARM_UP = 100;
/** Orders that wait for their answer at once. */
const ORDERS_AT_ONCE = 32;
const PATIENCE_MS = 240_000;
const ONE_ETHER = 10n ** 18n;

/** A backlog of journaled mints, and blocks that are as full as they can be. */
export const mintThroughput: Scenario = {
  title: 'Mints a second on full blocks',
  figures: [
    {
      name: 'mints_per_s_1s_blocks',
      what: '2,000 journaled mints, 1-second blocks, 2 confirmations; from the first signature to the last mint',
      unit: '/s',
      target: { atLeast: 180 },
      limit:
        'The gas of a block, and at the end the two confirmations; callbacks share the processor with the lane.',
    },
    {
      name: 'block_gas_used_share',
      what: 'share of the gas of those blocks, the first and the last left out',
      unit: '%',
      target: { atLeast: 75 },
      limit: 'A transaction of fifty mints is whole or not in a block, and its gas limit must fit: seven do.',
    },
  ],
  async run(context) {
    const mints = context.quick ? 20 : MINTS;
    const world = await startWorld({
      networks: [
        {
          network: 'base',
          // Built on blocks that come at once, mined by the second from then on.
          chain: { slotsInAnEpoch: 1, gasLimit: 30_000_000n },
          vaults: [{ underlying: 'AAPL', token: 'tAAPL' }],
        },
      ],
      env: {
        CHAIN_BASE_CONFIRMATIONS: '2',
        CHAIN_BASE_FINALITY: '4',
        CHAIN_BASE_IN_FLIGHT: '16',
        CHAIN_BASE_POLL_MS: '1000',
      },
    });
    context.onEnd(() => world.stop());
    const { chain } = world.network();
    await chain.setAutomine(false);
    await chain.setBlockTime(1);

    context.progress('the first mints, not counted');
    await journal(world, context.quick ? 1 : WARM_UP);
    await allMinted(world);

    context.progress(`${String(mints)} mints are journaled while the signer has no gas money`);
    const issuer = world.partners.issuerAddress;
    await chain.setBalance(issuer, 0n);
    await journal(world, mints);
    const position = await withReader(world, (store) => store.lastPosition());

    context.progress('the lane may sign');
    const pids = [world.issuer().pid, chain.pid, process.pid];
    const cpuBefore = pids.map(processorMs);
    await chain.setBalance(issuer, 100n * ONE_ETHER);
    await allMinted(world);
    const cpu = pids.map((pid, at) => `${((processorMs(pid) - (cpuBefore[at] ?? 0)) / 1_000).toFixed(1)} s`);

    const events = await withReader(world, (store) => readAfter(store, position));
    const { seconds, transactions, commits } = summary(events);
    const blocks = await gasOfBlocks(world, events);
    // The first was begun before the lane might sign, and nothing is left for the last.
    const fullBlocks = blocks.length > 2 ? blocks.slice(1, -1) : blocks;
    const usedGas = fullBlocks.reduce((sum, { used }) => sum + used, 0);
    const limitGas = fullBlocks.reduce((sum, { limit }) => sum + limit, 0);
    context.note(
      `${String(mints)} mints in ${String(transactions)} transactions, ${String(blocks.length)} blocks and ` +
        `${seconds.toFixed(1)} s, the two confirmations of the last included; ${String(commits)} commits.`,
    );
    context.note(
      `Gas of each block, in millions: ${blocks.map(({ used }) => (used / 1e6).toFixed(1)).join(', ')}.`,
    );
    const [service, node, rest] = cpu;
    context.note(
      `Processor time, callbacks included: ${String(service)} the service, ${String(node)} the chain, ` +
        `${String(rest)} the simulated Alpaca with what measures.`,
    );
    return { mints_per_s_1s_blocks: mints / seconds, block_gas_used_share: (100 * usedGas) / limitGas };
  },
};

/** Orders mints, and resolves when Alpaca's confirm of each is answered. */
async function journal(world: World, count: number): Promise<void> {
  const { alpaca } = world.partners;
  const before = alpaca.state.requests.length;
  let left = count;
  const order = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await world.orderMint('1');
    }
  };
  await Promise.all(Array.from({ length: Math.min(ORDERS_AT_ONCE, count) }, order));
  await within(
    alpaca.waitFor(() => alpaca.state.requests.slice(before).every((it) => it.confirm === 'delivered')),
    'the confirms',
    PATIENCE_MS,
  );
}

/** Resolves when Alpaca has every callback. */
async function allMinted(world: World): Promise<void> {
  const { alpaca } = world.partners;
  // Asked now and then only: what asks after each of thousands of changes takes the processor from the service.
  await eventually(
    () => Promise.resolve(alpaca.state.requests.every((it) => it.status === 'completed')),
    'all callbacks',
    PATIENCE_MS,
  );
}

type Reader = Parameters<Parameters<typeof withReader>[1]>[0];

async function readAfter(store: Reader, position: number): Promise<readonly StoredEvent[]> {
  const events: StoredEvent[] = [];
  for (;;) {
    const page = await store.readAll({ after: events.at(-1)?.position ?? position, limit: 1_000 });
    if (page.length === 0) return events;
    events.push(...page);
  }
}

function summary(events: readonly StoredEvent[]) {
  const timesOf = (type: string): readonly number[] =>
    events.filter((it) => it.type === type).map(({ timeMs }) => timeMs);
  const signed = timesOf('TransactionSigned');
  const seconds = (Math.max(...timesOf('Minted')) - Math.min(...signed)) / 1_000;
  // Events of one commit share its moment and its cause; two commits in one millisecond may count once.
  const commits = new Set(
    events.map(({ timeMs, metadata }) => `${String(timeMs)} ${JSON.stringify(metadata)}`),
  );
  return { seconds, transactions: signed.length, commits: commits.size };
}

/** Gas of every block from the first with a mint to the last. */
async function gasOfBlocks(
  world: World,
  events: readonly StoredEvent[],
): Promise<readonly { readonly used: number; readonly limit: number }[]> {
  const numbers = events.flatMap(({ type, data }) =>
    type === 'TransactionMined' ? [Number(data['blockNumber'])] : [],
  );
  const first = Math.min(...numbers);
  return Promise.all(
    Array.from({ length: Math.max(...numbers) - first + 1 }, async (_, at) => {
      const block = (await world
        .network()
        .chain.rpc('eth_getBlockByNumber', [numberToHex(first + at), false])) as Record<string, Hex>;
      const quantity = (name: string): number => Number(hexToBigInt(block[name] ?? '0x'));
      return { used: quantity('gasUsed'), limit: quantity('gasLimit') };
    }),
  );
}
