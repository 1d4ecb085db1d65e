import { expect, test } from 'vitest';
import type { PinnedRpc } from '../chain/rpc/types.ts';
import type { DeskOptions } from './desk.ts';
import { createTransactionDesk } from './desk.ts';

const FOUND = { transactionHash: '0x7a', blockNumber: 7n, blockHash: '0xb7' } as const;

/** A desk over a chain whose blocks have these hashes, by height, and that holds a transaction in this block. */
function deskOver(chain: { blocks: Record<string, string>; holder: bigint | null }) {
  const numbers = Object.keys(chain.blocks).map(BigInt);
  const head = numbers.reduce((highest, it) => (it > highest ? it : highest), 0n);
  const node = {
    endpoint: 0,
    origin: 'http://node',
    getBlock: async (at: bigint | 'latest') => {
      const number = at === 'latest' ? head : at;
      const hash = chain.blocks[String(number)];
      return hash === undefined ? null : { number, hash };
    },
    getTransactionReceipt: async () => (chain.holder === null ? null : { blockNumber: chain.holder }),
  } as unknown as PinnedRpc;
  const network = { network: 'base', chainId: 8453, finality: 2, rpc: { pinned: () => node } };
  return createTransactionDesk({ networks: [network] } as unknown as DeskOptions);
}

test.each([
  [
    'a final block took the place',
    { blocks: { 7: '0xc7', 9: '0xc9' }, holder: null },
    true,
    /no block holds 0x7a/,
  ],
  [
    'its place is not final yet',
    { blocks: { 6: '0xc6', 7: '0xc7', 8: '0xc8' }, holder: null },
    false,
    /not final yet/,
  ],
  [
    'its block stands, and a node forgot the receipt',
    { blocks: { 7: '0xb7', 9: '0xc9' }, holder: null },
    false,
    /in which 0x7a was found/,
  ],
  ['a node does not know its place', { blocks: { 8: '0xc8', 10: '0xc0' }, holder: null }, false, /was found/],
  [
    'another block holds it',
    { blocks: { 7: '0xc7', 9: '0xc9' }, holder: 8n },
    false,
    /block 8 holds 0x7a now/,
  ],
])('what is undone is shown by final blocks: %s', async (_name, chain, isUndone, text) => {
  const look = await deskOver(chain).undone('base', FOUND);
  expect(look).toEqual({ isUndone, text: expect.stringMatching(text) as string });
});
