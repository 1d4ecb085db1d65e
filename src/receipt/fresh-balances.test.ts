import { expect, test } from 'vitest';
import { NETWORK, WALLET } from '../chain/watcher/watch-harness.ts';
import { CHAIN_ID, stocked, vault } from './books-harness.ts';
import { createReadFresh } from './fresh-balances.ts';

test('balances are read as of the block up to which logs are taken in, and not before it', async () => {
  const books = await stocked(100n, 50n);
  const readFresh = createReadFresh({
    store: books.store,
    rpcOf: () => books.chain.rpc,
    wallets: () => [WALLET],
    receiptOf: async (_chainId, of) => (of === vault.vault ? vault.receipt : null),
  });
  const place = { network: NETWORK, chainId: CHAIN_ID, vault: vault.vault, fromBlock: 1n };
  const read = await readFresh(place, [1n, 2n]);
  if (typeof read === 'string') throw new Error(read);
  expect([read.balances.get(1n)?.get(WALLET), read.balances.get(2n)?.get(WALLET)]).toEqual([100n, 50n]);
  expect(await readFresh({ ...place, fromBlock: read.at.number + 1n }, [1n])).toMatch(/not taken in up to/);
  expect(await readFresh({ ...place, vault: WALLET }, [1n])).toMatch(/vault of no asset/);
});
