import type { Address } from 'viem';
import { encodeAbiParameters } from 'viem';
import { expect, test } from 'vitest';
import type { AlpacaAnswer, AlpacaList, Position } from '../../alpaca/types.ts';
import type { VaultView } from '../../asset/assets.ts';
import { DependencyDown } from '../../engine/dependency-down.ts';
import { openTestLedger } from '../../operation/test-ledger.ts';
import { RpcFailure } from '../../primitives/failures.ts';
import type { CustodyParts } from './compare-custody.ts';
import { compareCustody } from './compare-custody.ts';

const vaultAt = (digit: number): Address => `0x${String(digit).repeat(40)}`;
const view = (underlying: string, network: string, digit: number, current = true): VaultView => ({
  chainId: 1,
  vault: vaultAt(digit),
  receipt: vaultAt(9),
  network,
  underlying,
  token: `t${underlying}`,
  current,
});

/** A network whose vaults have ten times the digit of their address as supply; null: its node is away. */
function network(name: string, blockNumber: bigint | null): CustodyParts['networks'][number] {
  const rpc = {
    getBlock: async () => {
      if (blockNumber === null) throw new RpcFailure('no answer', { kind: 'unreachable', method: 'eth' });
      return { number: blockNumber, hash: '0xb1' };
    },
    call: async ({ to }: { to: Address }) =>
      encodeAbiParameters([{ type: 'uint256' }], [BigInt(to.slice(2, 3)) * 10n]),
  };
  return { config: { network: name, confirmations: 0 }, rpc: { pinned: () => rpc } } as never;
}

async function compare(
  vaults: readonly VaultView[],
  positions: () => Promise<AlpacaAnswer<AlpacaList<Position>>>,
) {
  const { store } = await openTestLedger([]);
  const networks = [network('base', 7n), network('ethereum', null)];
  const parts = {
    store,
    vaults: async () => vaults,
    networks,
    alpaca: { positions },
    sums: { of: () => null },
  };
  return compareCustody(parts, [...new Set(vaults.map((it) => it.underlying))]);
}

const held =
  (quantity: bigint, skipped = 0) =>
  async () =>
    ({
      kind: 'ok',
      value: { items: [{ symbol: 'AAPL', quantity, available: null }], skipped },
      requestId: null,
    }) as const;

test('adds up the vaults of an underlying, the past ones too', async () => {
  const lines = await compare([view('AAPL', 'base', 1), view('AAPL', 'base', 2, false)], held(30n));
  expect(lines).toMatchObject([{ status: 'equal', supply: 30n, custody: 30n, difference: 0n }]);
});

test('a symbol that Alpaca does not list is held by nobody there', async () => {
  expect(await compare([view('MSFT', 'base', 1)], held(30n))).toMatchObject([
    { status: 'differs', custody: 0n, difference: -10n },
  ]);
});

test.for([
  ['a list with rows that cannot be read', [view('MSFT', 'base', 1)], held(1n, 1), /cannot be read/],
  ['a node that is away', [view('AAPL', 'base', 1), view('AAPL', 'ethereum', 2)], held(30n), /^ethereum: /],
  ['a network that is configured no more', [view('AAPL', 'solana', 1)], held(30n), /not configured/],
  [
    'Alpaca being away',
    [view('AAPL', 'base', 1)],
    async () => Promise.reject(new DependencyDown('alpaca', 'Alpaca is away')),
    /Alpaca is away/,
  ],
] as const)('%s is never taken for equal', async ([, vaults, positions, why]) => {
  const [line] = await compare(vaults, positions);
  expect(line).toMatchObject({
    status: 'unknown',
    difference: null,
    why: expect.stringMatching(why) as string,
  });
});

test('what nobody foresaw is not taken for an outage', async () => {
  const failing = compare([view('AAPL', 'base', 1)], () => Promise.reject(new Error('a fault of ours')));
  await expect(failing).rejects.toThrow('a fault of ours');
});
