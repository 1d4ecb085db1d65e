import type { Row } from '../../../src/event-store/event-store.ts';
import type { SqliteStore } from '../../../src/event-store/sqlite/open-sqlite-store.ts';
import { parseQuantity } from '../../../src/primitives/quantity.ts';
import { issuerKey, PARTICIPANTS, SHARES } from '../places.ts';
import type { World } from '../world.ts';
import type { ChainBooks } from './books.ts';
import { arrivalsById, isCopied, journaledOf } from './effects.ts';
import { amount, cell, differ, sum } from './rows.ts';
import { splitVaults } from './splits.ts';

/** 2 and 4: no share was lost between Alpaca's accounts, and custody holds what is outside on chain. */
export function custodyFaults({ alpaca, ...world }: World, books: readonly ChainBooks[]): readonly string[] {
  const underlyings = new Set(world.topology.flatMap(({ vaults }) => vaults.map((it) => it.underlying)));
  const split = splitVaults(world);
  return [...underlyings].flatMap((underlying) => {
    const vaults = books.flatMap((it) => it.vaults).filter(({ place }) => place.underlying === underlying);
    const ofSymbol = (rows: readonly { readonly symbol: string; readonly quantity: bigint }[]): bigint =>
      rows.find((it) => it.symbol === underlying)?.quantity ?? 0n;
    const journaled = (type: 'mint' | 'redeem') =>
      journaledOf({ alpaca, ...world }, type).filter((it) => it.underlying === underlying);
    const custody = ofSymbol(alpaca.state.custody);
    const elsewhere = sum(PARTICIPANTS.map(({ email }) => ofSymbol(alpaca.ap.positions(email))));
    const minted = new Set(vaults.flatMap((it) => it.deposits.map((deposit) => deposit.operationId)));
    const unminted = journaled('mint').filter((it) => !minted.has(it.issuerRequestId ?? ''));
    const burned = vaults.flatMap((it) => it.burns.map((burn) => burn.shares));
    const unburned = sum(journaled('redeem').map((it) => it.quantity)) - sum(burned);
    // What others deposited has nothing to do with our custody.
    const foreign = sum(vaults.flatMap((it) => it.foreign.map(({ shares }) => shares)));
    // Of a vault that split, what was minted and burned is compared, as Alpaca counts it: no share splits there.
    const isSplit = vaults.some(({ place }) => split.has(place.address));
    const minus = sum(burned);
    const ours = sum(vaults.flatMap((it) => it.deposits.map((deposit) => deposit.shares)));
    const supply = isSplit ? ours - minus : sum(vaults.map((it) => it.supply)) - foreign;
    const all = parseQuantity(SHARES) * BigInt(PARTICIPANTS.length);
    return [
      ...differ(`2: shares of ${underlying} at Alpaca`, custody + elsewhere, all),
      ...differ(
        `4: custody of ${underlying}`,
        custody,
        supply + sum(unminted.map((it) => it.quantity)) - unburned,
      ),
    ];
  });
}

/** 4: what lies in our wallet is what open, rejected and recorded redemptions brought. */
export function walletFaults(
  world: World,
  books: readonly ChainBooks[],
  operations: readonly Row[],
): readonly string[] {
  const arrivals = arrivalsById(books);
  const split = splitVaults(world);
  return books.flatMap(({ network, vaults }) =>
    vaults.flatMap(({ place, held, foreign, refunds }) => {
      // What was on its way when its vault split leaves another part of its tokens than was owed.
      if (split.has(place.address)) return [];
      const own = operations.filter(
        (row) => cell(row, 'vault') === place.address && cell(row, 'network') === network,
      );
      // What is held may have been moved by what it is held for.
      if (own.some((row) => cell(row, 'state') === 'held')) return [];
      // A process on a copy that knew the wallet may have burned what this one still waits with.
      if (isCopied(world) && own.some((row) => cell(row, 'waiting_for') === 'wallet_unknown')) return [];
      const kept = own.filter((row) => arrivals.has(cell(row, 'id')) && cell(row, 'state') !== 'completed');
      const owed = sum(kept.map((row) => amount(row, 'shares') - amount(row, 'burned')));
      const back = sum(refunds.map((it) => it.value));
      const given = sum(foreign.filter((it) => it.owner === issuerKey.address).map((it) => it.shares));
      return differ(`4: tokens of ${place.token} on ${network} in our wallet`, held, owed + given - back);
    }),
  );
}

/** 5: nothing stays reserved or promised for what has ended, and the inventory is what the chain holds. */
export async function inventoryFaults(
  store: SqliteStore,
  books: readonly ChainBooks[],
  work: readonly Row[],
): Promise<readonly string[]> {
  const open = new Set(work.map((row) => cell(row, 'id')));
  const isBurnOpen = work.some((row) => cell(row, 'kind') === 'redemption');
  const faults: string[] = [];
  for (const row of await store.find({ table: 'promise', limit: 10_000 })) {
    const id = cell(row, 'redemption_id');
    if (!open.has(id)) faults.push(`5: ${id} has ended, and its tokens stay promised`);
  }
  for (const row of await store.find({ table: 'receipt', limit: 10_000 })) {
    const [balance, reserved] = [amount(row, 'balance'), amount(row, 'reserved')];
    const name = `receipt ${cell(row, 'receipt_id')} of ${cell(row, 'vault')}`;
    if (reserved > balance) faults.push(`5: ${name} has ${String(balance)}, reserved ${String(reserved)}`);
    if (isBurnOpen) continue;
    if (reserved > 0n) faults.push(`5: ${name} stays reserved: ${String(reserved)}`);
    const chain = books.find((it) => String(it.chainId) === cell(row, 'chain_id'));
    const vault = chain?.vaults.find(({ place }) => place.address === cell(row, 'vault'));
    faults.push(...differ(`5: ${name}`, balance, vault?.receipts.get(BigInt(cell(row, 'receipt_id'))) ?? 0n));
  }
  return faults;
}
