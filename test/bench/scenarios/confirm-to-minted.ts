import { createRealPorts } from '../../../src/ports/real-ports.ts';
import { startWorld, within } from '../../e2e/world.ts';
import type { Scenario } from '../scenario.ts';
import { median } from '../scenario.ts';
import { watchTransfers } from '../transfers.ts';

const MINTS = 40;
/** Not counted: the code is not compiled yet, and no connection is open. */
const WARM_UP = 5;

/** One mint after the other, each alone in its transaction. */
export const confirmToMinted: Scenario = {
  title: 'From the confirm to the tokens',
  figures: [
    {
      name: 'confirm_to_minted_ms_p50',
      what: 'confirm answered → tokens in the AP’s wallet; automine, no confirmations, median',
      unit: 'ms',
      target: { atMost: 300 },
      limit: '25 ms are spent on collecting; then nonces, fees and simulation are asked of the node in turn.',
    },
  ],
  async run(context) {
    const mints = context.quick ? 1 : MINTS;
    const world = await startWorld();
    context.onEnd(() => world.stop());
    const { alpaca } = world.partners;
    const transfers = await watchTransfers(createRealPorts().sockets, world.network().chain, world.vault());
    context.onEnd(transfers.close);

    const waitsMs: number[] = [];
    for (let at = -(context.quick ? 0 : WARM_UP); at < mints; at += 1) {
      const inWallet = transfers.next(world.network().wallet(0).address);
      const { id } = await world.orderMint('1');
      await alpaca.waitFor(() => alpaca.state.requests.find((it) => it.id === id)?.confirm === 'delivered');
      const confirmedMs = performance.now();
      const waitMs = (await within(inWallet, 'the tokens')) - confirmedMs;
      if (at >= 0) waitsMs.push(waitMs);
      await within(alpaca.mintCompleted(id), `mint ${id}`);
    }
    context.note(
      `${String(mints)} mints, one after the other; the tokens are seen by a subscription to the vault’s logs.`,
    );
    context.note(`From ${Math.min(...waitsMs).toFixed(0)} to ${Math.max(...waitsMs).toFixed(0)} ms.`);
    return { confirm_to_minted_ms_p50: median(waitsMs) };
  },
};
