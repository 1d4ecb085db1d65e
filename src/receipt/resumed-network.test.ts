import { expect, test } from 'vitest';
import { decideNetwork, type NetworkCommand, networkKind } from '../chain/watcher/network.ts';
import { NETWORK } from '../chain/watcher/watch-harness.ts';
import { change } from '../event-store/ledger.ts';
import { type Books, stocked } from './books-harness.ts';

async function stopAndResume({ ledger, commit, read }: Books): Promise<void> {
  const commands: readonly NetworkCommand[] = [
    { type: 'stop', why: 'a reorg', rescan: 'final' },
    { type: 'resume', actor: 'operator' },
  ];
  for (const command of commands) {
    const network = await ledger.load(networkKind, NETWORK);
    await commit([change(networkKind, network, decideNetwork(command, network.state))]);
  }
  await read();
}

test('receipts are read whole once a network is resumed: a deep reorg takes deposits away without a log', async () => {
  const books = await stocked(100n);
  books.holds(1n, 0n);
  await books.read();
  expect(await books.available()).toBe(100n);
  await stopAndResume(books);
  expect(await books.available()).toBe(0n);
});

test('what seemed empty in blocks that are gone counts again once a network is resumed', async () => {
  const books = await stocked(100n);
  books.holds(1n, 0n);
  await stopAndResume(books);
  expect(await books.available()).toBe(0n);
  books.holds(1n, 100n);
  await stopAndResume(books);
  expect(await books.available()).toBe(100n);
});
