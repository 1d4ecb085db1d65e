import type { Address, Hex } from 'viem';
import { encodeFunctionData, erc20Abi } from 'viem';
import type { World } from '../e2e/world.ts';
import type { Dice } from '../simulation/chance.ts';

/** Most mints that Alpaca has not seen the end of; more would only pile up while the service is down. */
const MOST_OPEN_MINTS = 24;
const WALLETS = 3;
/** Half of a balance and the smallest fraction more comes back: what is below the ninth decimal is dust. */
const HALF = 2n;

/** Mints and redemptions that keep coming, whether the service is there or not. */
export interface Load {
  /** Transactions that sent tokens back so far. */
  readonly transfers: readonly Hex[];
  /** Ends it, and resolves when nothing of it is on its way any more. */
  stop(): Promise<void>;
}

/** Orders mints of 1 to 50 shares for the AP's wallets, and sends parts of what they hold back, until it is stopped. */
export function startLoad(world: World, dice: Dice): Load {
  const stopping = new AbortController();
  const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
  const under = new Set<Promise<unknown>>();
  const transfers: Hex[] = [];
  const open = (): number =>
    world.partners.alpaca.state.requests.filter((it) => it.type === 'mint' && it.status === 'pending').length;

  const order = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      await pause(dice.whole(5, 120));
      if (open() >= MOST_OPEN_MINTS) continue;
      const options = { wallet: dice.whole(0, WALLETS - 1) };
      const ordering: Promise<unknown> = world.orderMint(String(dice.whole(1, 50)), options);
      under.add(ordering);
      void ordering.finally(() => under.delete(ordering));
    }
  };
  const sendBack = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      await pause(dice.whole(100, 500));
      const wallet = world.network().wallet(dice.whole(0, WALLETS - 1));
      const held = await world.balance(wallet.address);
      if (held === 0n) continue;
      const amount = dice.happens(0.3) ? held : held / HALF + 1n;
      const data = transfer(world.partners.issuerAddress, amount);
      transfers.push((await wallet.send({ to: world.vault().address, data })).hash);
    }
  };
  const loops = Promise.all([order(), sendBack()]);
  return {
    transfers,
    async stop() {
      stopping.abort();
      await loops;
      await Promise.all(under);
    },
  };
}

function transfer(to: Address, amount: bigint): Hex {
  return encodeFunctionData({ abi: erc20Abi, functionName: 'transfer', args: [to, amount] });
}
