import type { Address } from 'viem';
import { confirmedHead } from '../../chain/finality.ts';
import type { BlockPoint } from '../../chain/finality.ts';
import type { PinnedRpc } from '../../chain/rpc/types.ts';
import { formatQuantity } from '../../primitives/quantity.ts';
import type { TransferTerms, TransferWhat } from '../../operation/transfer-terms.ts';
import { vaultReads } from '../../vault/reads.ts';
import type { Move } from '../state.ts';
import { openTransfer } from '../transfer/create-transfers.ts';
import { RECEIPTS_PER_TRANSFER } from '../transfer/lane-plan.ts';
import { countOpenTransfers, readHoldings, readLaneWork } from './holdings.ts';
import type { MovedVault, MoveNetwork, MoveOptions } from './options.ts';
import type { OwnTransfers } from './own-transfers.ts';

/** What a move still waits for, in sentences; nothing: this part of it is done. */
export type WaitsFor = readonly string[];

/**
 * Brings over what can go now, and says what is left. Everything it begins is an operation of its own; what it begins
 * twice at the same place is refused by its id.
 */
export async function stepMoving(
  options: MoveOptions & { readonly own: OwnTransfers },
  network: MoveNetwork,
  move: Move,
): Promise<WaitsFor> {
  const { store } = options;
  const { chainId } = network;
  const { from } = move;
  if (!options.keys.has(from)) return [`the key of ${from}: give it beside RETIRED_SIGNERS, and restart`];
  while ((await options.moveMints(network.network, chainId)) > 0);
  const rpc = network.rpc.pinned();
  const head = await confirmedHead(rpc, network.confirmations);
  if (head === null) return ['a confirmed block'];
  const waits: string[] = [];
  for (const vault of await options.vaults(network.network)) {
    waits.push(...(await moveVault(options, move, vault, { rpc, head })));
  }
  const work = await readLaneWork(store, chainId, from);
  if (work.ready > 0) waits.push(`${String(work.ready)} operations that are ready for the lane of ${from}`);
  if (work.unfinal > 0)
    waits.push(`${String(work.unfinal)} transactions of ${from} that no final block shows yet`);
  return waits;
}

/** Receipts of the old signer that are counted at each look. */
const LOOKED_AT = 1_000;

async function moveVault(
  options: MoveOptions & { readonly own: OwnTransfers },
  move: Move,
  vault: MovedVault,
  at: { readonly rpc: PinnedRpc; readonly head: BlockPoint },
): Promise<WaitsFor> {
  const { store, inventory } = options;
  const { chainId, token } = vault;
  const { from, to, moveId } = move;
  const place = { chainId, vault: vault.vault };
  const shares = await options.handOver(place, from, to, moveId);
  const transferId = await options.own.next(moveId, vault.vault);
  if (transferId !== null) {
    const most = RECEIPTS_PER_TRANSFER;
    const movable = await inventory.chooseWhole(chainId, vault.vault, from, most, new Set());
    if (movable.length > 0) await begin(options, transferId, move, vault, { kind: 'receipts' });
    else if ((await countOpenTransfers(store, chainId, vault.vault)) === 0 && shares.stayingCount === 0) {
      // What is of no redemption: recorded remainders, and whatever else came.
      const amount = await sharesOf(at, vault.vault, from);
      if (amount > 0n) await begin(options, transferId, move, vault, { kind: 'rest', amount });
    }
  }
  const waits: string[] = [];
  const open = await countOpenTransfers(store, chainId, vault.vault);
  if (open > 0) waits.push(`${String(open)} transfers of ${token} under way`);
  const left = await readHoldings(store, chainId, vault.vault, from, LOOKED_AT);
  if (left.receipts > 0) {
    const orMore = left.receipts < LOOKED_AT ? '' : ' or more';
    const of = `${String(left.receipts)}${orMore} receipts with ${formatQuantity(left.receiptShares)} ${token}`;
    waits.push(
      `${of}, of which ${String(left.reserved)} are reserved and ${formatQuantity(left.promised)} promised`,
    );
  }
  if (left.unread > 0) waits.push(`${String(left.unread)} receipts of ${token} to be read again`);
  if (shares.stayingCount > 0) {
    const some = shares.staying.join(', ');
    waits.push(`${String(shares.stayingCount)} redemptions of ${token} that go on with ${from}: ${some}`);
  }
  const there = await sharesOf(at, vault.vault, from);
  if (there > 0n) waits.push(`${formatQuantity(there)} ${token} that lie with ${from}`);
  return waits;
}

async function begin(
  { ledger, splits }: MoveOptions,
  transferId: string,
  { moveId, from, to }: Move,
  { current: _current, ...vault }: MovedVault,
  what: TransferWhat,
): Promise<void> {
  const reading = what.kind === 'receipts' ? null : await splits.now(vault.network, vault.vault);
  const terms: TransferTerms = { ...vault, from, to, what, moveId, splits: reading };
  const opened = await openTransfer(ledger, transferId, terms);
  await ledger.commit({ changes: [opened], metadata: { actor: 'engine', correlation: transferId } });
}

/** Shares that a wallet has on chain. */
export async function sharesOf(
  { rpc, head }: { readonly rpc: Pick<PinnedRpc, 'call'>; readonly head: BlockPoint },
  vault: Address,
  holder: Address,
): Promise<bigint> {
  const data = vaultReads.balanceOf.encode(holder);
  return vaultReads.balanceOf.decode(await rpc.call({ to: vault, data, block: head.number }));
}
