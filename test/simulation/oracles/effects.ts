import type { Address } from 'viem';
import type { Row } from '../../../src/event-store/event-store.ts';
import { redemptionId, refundId } from '../../../src/primitives/uuid.ts';
import type { TokenizationRequest } from '../../../src/sandbox/alpaca/model.ts';
import type { OperatorAction } from '../spec.ts';
import { operatorActions } from '../spec.ts';
import type { World } from '../world.ts';
import type { ArrivalFact, BurnFact, ChainBooks, DepositFact } from './books.ts';
import { amount, cell, stateOf, sum } from './rows.ts';
import { splitVaults } from './splits.ts';

type Requests = readonly TokenizationRequest[];

export function journaledOf({ alpaca }: World, type: 'mint' | 'redeem'): Requests {
  return alpaca.state.requests.filter((it) => it.type === type && it.journal?.status === 'executed');
}

/** 1 and 2 of mints: every deposit is of a journaled mint, once, in full, for its wallet; Alpaca was told of it. */
export function mintFaults(
  world: World,
  books: readonly ChainBooks[],
  operations: readonly Row[],
): readonly string[] {
  const requests = new Map(journaledOf(world, 'mint').map((it) => [it.issuerRequestId ?? '', it]));
  const rows = new Map(operations.map((row) => [cell(row, 'id'), row]));
  const deposits = Map.groupBy(
    books.flatMap((it) => it.vaults.flatMap((vault) => vault.deposits)),
    (it) => it.operationId ?? 'a deposit that names nobody',
  );
  const faults = [...deposits].flatMap(([id, found]) => depositFaults(id, found, requests.get(id)));
  for (const [id, [first]] of deposits) {
    if (cell(rows.get(id), 'state') !== 'closed') continue;
    faults.push(`1: mint ${id} is closed, and minted in ${String(first?.hash)}`);
  }
  for (const [id, request] of requests) {
    const row = rows.get(id);
    if (request.confirm === 'lost') faults.push(`2: the confirm of mint ${id} was refused for good`);
    if (cell(row, 'state') === 'held' || world.forgotten.has(id)) continue;
    // Whoever closed it gave its shares away, and whoever completed it did so because Alpaca would not listen.
    if (cell(row, 'state') === 'closed' && isActedOn(world, 'close')) continue;
    if (cell(row, 'state') === 'completed' && isActedOn(world, 'complete')) continue;
    const hashes = (deposits.get(id) ?? []).map((it) => it.hash);
    if (hashes.length === 0) faults.push(`2: mint ${id} was journaled and not minted; it is ${stateOf(row)}`);
    else if (request.status !== 'completed')
      faults.push(`2: Alpaca was not told of mint ${id}; it is ${stateOf(row)}`);
    else if (!hashes.some((hash) => hash === request.txHash))
      faults.push(
        `2: Alpaca was told ${String(request.txHash)} for mint ${id}, which is in ${hashes.join()}`,
      );
  }
  return faults;
}

function depositFaults(
  id: string,
  deposits: readonly DepositFact[],
  request: TokenizationRequest | undefined,
): readonly string[] {
  const [first] = deposits;
  if (deposits.length > 1) return [`1: mint ${id} was minted ${String(deposits.length)} times`];
  if (request === undefined) return [`2: ${id} was minted without a journal`];
  if (first?.shares !== request.quantity) return [`2: mint ${id} minted ${String(first?.shares)}`];
  if (first.passedOnTo === request.wallet.toLowerCase()) return [];
  return [`2: mint ${id} went to ${String(first.passedOnTo)}, not to ${request.wallet}`];
}

/** 1: what an operation counts as its own is its own on chain, and two never count the same. */
export function claimFaults(books: readonly ChainBooks[], effects: readonly Row[]): readonly string[] {
  const faults: string[] = [];
  const seen = new Set<string>();
  for (const row of effects) {
    const [hash, ordinal, id] = [
      cell(row, 'transaction_hash'),
      cell(row, 'ordinal'),
      cell(row, 'operation_id'),
    ];
    const key =
      ['chain_id', 'vault', 'kind'].map((column) => cell(row, column)).join(' ') + ` ${hash} ${ordinal}`;
    if (seen.has(key)) faults.push(`1: two operations count ${key}`);
    seen.add(key);
    if (cell(row, 'kind') !== 'deposit') continue;
    const deposits = books.flatMap((it) => it.vaults.flatMap((vault) => vault.deposits));
    const found = deposits.find((it) => it.hash === hash && String(it.ordinal) === ordinal);
    if (found !== undefined && found.operationId !== id)
      faults.push(`1: ${id} counts a deposit of ${String(found.operationId)}`);
  }
  return faults;
}

/** A second process ran on a copy. One that nothing marks as a copy is refused, and does nothing. */
function isTwinned({ spec }: World): boolean {
  return spec.actions.some((it) => it.kind === 'twin' && it.isRestored);
}

/** Whether an operator did this to any operation. */
export function isActedOn({ spec }: World, action: OperatorAction): boolean {
  return spec.actions.some((it) => it.kind === 'operate' && it.action === action && !it.isTried);
}

/** An older copy of the database came back, or ran beside it. */
export function isCopied(world: World): boolean {
  return isTwinned(world) || world.spec.actions.some((it) => it.kind === 'restore');
}

/** Receipts may be promised that are not there: twice by two processes, or before the sweep found a split. */
export function mayBeShort(world: World): boolean {
  return isCopied(world) || splitVaults(world).size > 0;
}

const HELD_FOR_SPLIT = /^the vault split between block/;

/**
 * Nothing is held for a person without a cause: others may do to the chain what they like, and Alpaca may be slow or
 * lossy. An older database is a cause, and so is a reorg deeper than CONFIRMATIONS.
 */
export function heldFaults(world: World, operations: readonly Row[]): readonly string[] {
  // Alpaca that contradicts itself is a cause too.
  const causes = new Set(['reorg', 'confirm_odd']);
  if (isCopied(world) || operatorActions.some((it) => it !== 'recover' && isActedOn(world, it))) return [];
  if (world.plan.injected.some((it) => causes.has(it.kind))) return [];
  const split = splitVaults(world);
  return operations
    .filter((row) => cell(row, 'state') === 'held')
    .filter((row) => !split.has(cell(row, 'vault') as Address) || !HELD_FOR_SPLIT.test(cell(row, 'reason')))
    .map((row) => `7: ${cell(row, 'kind')} ${cell(row, 'id')} is held: ${cell(row, 'reason')}`);
}

/** 1 and 2 of redemptions: burned once, in full, and only what was journaled; the dust came back once. */
export function burnFaults(
  world: World,
  books: readonly ChainBooks[],
  operations: readonly Row[],
): readonly string[] {
  const journaled = new Map(journaledOf(world, 'redeem').map((it) => [it.issuerRequestId ?? '', it]));
  const rows = new Map(operations.map((row) => [cell(row, 'id'), row]));
  const burns = Map.groupBy(
    books.flatMap((it) => it.vaults.flatMap((vault) => vault.burns)),
    (it) => it.operationId,
  );
  const faults = [...burns].flatMap(([id, found]) =>
    burnedFaults(id, found, journaled.get(id), rows.get(id)),
  );
  for (const id of journaled.keys()) {
    const row = rows.get(id);
    if (row === undefined) faults.push(`2: redemption ${id} is journaled and unknown`);
    // A copy may lack the link of the wallet: then the redemption waits for it, and says so.
    else if (isCopied(world) && cell(row, 'waiting_for') === 'wallet_unknown') continue;
    else if (cell(row, 'state') === 'closed' && isActedOn(world, 'close')) continue;
    // So may the receipts, where another process on a copy promised them too, or a split took them.
    else if ((isTwinned(world) || splitVaults(world).size > 0) && cell(row, 'state') === 'journaled')
      continue;
    else if (cell(row, 'state') !== 'completed' && cell(row, 'state') !== 'held')
      faults.push(`2: redemption ${id} is journaled and ${stateOf(row)}`);
  }
  return faults;
}

function burnedFaults(
  id: string,
  burns: readonly BurnFact[],
  request: TokenizationRequest | undefined,
  row: Row | undefined,
): readonly string[] {
  if (request === undefined) return [`2: ${id} was burned without a journal`];
  const burned = sum(burns.map((it) => it.shares));
  const dust = sum(burns.map((it) => it.dust));
  const owedDust = amount(row, 'shares') - amount(row, 'qty');
  const faults: string[] = [];
  if (burned > request.quantity) faults.push(`1: redemption ${id} burned ${String(burned)}`);
  if (dust > owedDust)
    faults.push(`1: redemption ${id} returned ${String(dust)} of ${String(owedDust)} of dust`);
  if (cell(row, 'state') !== 'completed') return faults;
  if (burned < request.quantity) faults.push(`1: redemption ${id} is completed and burned ${String(burned)}`);
  if (dust < owedDust) faults.push(`1: redemption ${id} is completed and returned ${String(dust)} of dust`);
  return faults;
}

/** 1: tokens go back to whoever sent them, once, in full, and only where nothing was journaled or burned for them. */
export function refundFaults(
  world: World,
  books: readonly ChainBooks[],
  operations: readonly Row[],
): readonly string[] {
  const arrivals = arrivalsById(books);
  const owners = new Map([...arrivals.keys()].map((id) => [refundId(id), id]));
  const vaults = books.flatMap((it) => it.vaults);
  const journaled = new Set(journaledOf(world, 'redeem').map((it) => it.issuerRequestId));
  const burned = new Set(vaults.flatMap((it) => it.burns.map((burn) => burn.operationId)));
  const faults: string[] = [];
  const seen = new Set<string>();
  for (const { operationId, hash, to, value } of vaults.flatMap((it) => it.refunds)) {
    const id = owners.get(operationId);
    const arrival = id === undefined ? undefined : arrivals.get(id);
    if (id === undefined || arrival === undefined) faults.push(`1: ${hash} sends tokens to ${to} for nobody`);
    else if (seen.has(id)) faults.push(`1: redemption ${id} was refunded twice`);
    else if (to !== arrival.from || value !== arrival.value)
      faults.push(
        `1: redemption ${id} gave ${String(value)} to ${to}, not ${String(arrival.value)} to ${arrival.from}`,
      );
    if (id === undefined) continue;
    if (journaled.has(id)) faults.push(`1: redemption ${id} was refunded and journaled`);
    if (burned.has(id)) faults.push(`1: redemption ${id} was refunded and burned`);
    seen.add(id);
  }
  for (const row of operations) {
    if (cell(row, 'state') === 'refunded' && !seen.has(cell(row, 'id')))
      faults.push(`1: redemption ${cell(row, 'id')} counts a refund that no chain has`);
  }
  return faults;
}

/** Every transfer to the issuer's wallet, by the id of the redemption that it must be. */
export function arrivalsById(books: readonly ChainBooks[]): ReadonlyMap<string, ArrivalFact> {
  return new Map(
    books.flatMap(({ chainId, vaults }) =>
      vaults.flatMap(({ place: { address: vault }, arrivals }) =>
        arrivals.map((it) => {
          const { hash: transactionHash, ordinal } = it;
          return [redemptionId({ chainId, transactionHash, vault, ordinal }), it] as const;
        }),
      ),
    ),
  );
}

/**
 * Whether a transfer may be gone with the tokens that it was of: a reorg took their mint away, and an older copy of the
 * database no longer knew it and used its nonce up. What became of it waits for a person, who ends it with `close`.
 */
export function mayBeGone({ forgotten, plan }: World): boolean {
  return forgotten.size > 0 && plan.injected.some((it) => it.kind === 'reorg');
}

/** 3: each transfer to the wallet is one redemption, and each redemption is one transfer. */
export function arrivalFaults(
  world: World,
  books: readonly ChainBooks[],
  operations: readonly Row[],
): readonly string[] {
  const expected = arrivalsById(books);
  const faults: string[] = [];
  const seen = operations.filter((row) => cell(row, 'kind') === 'redemption');
  for (const row of seen) {
    const id = cell(row, 'id');
    const arrival = expected.get(id);
    if (arrival === undefined) {
      if (cell(row, 'state') !== 'detected' || !mayBeGone(world))
        faults.push(`3: redemption ${id} is ${stateOf(row)} and has no transfer`);
    } else if (arrival.value !== amount(row, 'shares'))
      faults.push(`3: redemption ${id} is of ${cell(row, 'shares')}, not of ${String(arrival.value)}`);
  }
  const ids = new Set(seen.map((row) => cell(row, 'id')));
  for (const [id, { hash }] of expected) {
    if (!ids.has(id)) faults.push(`3: the transfer of ${hash} has no redemption`);
  }
  return faults;
}
