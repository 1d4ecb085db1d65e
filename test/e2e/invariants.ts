import { expect } from 'vitest';
import { SCHEMA } from '../../src/app/schema.ts';
import type { Row } from '../../src/event-store/event-store.ts';
import { verify } from '../../src/event-store/verify.ts';
import { formatQuantity, parseQuantity } from '../../src/primitives/quantity.ts';
import type { TokenizationRequest } from '../../src/sandbox/alpaca/model.ts';
import type { VaultFacts } from './chain-facts.ts';
import { readVaults } from './chain-facts.ts';
import { withReader } from './with-reader.ts';
import type { OperationOnWire, World } from './world.ts';
import { eventually } from './world.ts';

/** What a scenario leaves behind on purpose. */
export interface Leftovers {
  /** Ids of operations that stay open: held, or waiting for somebody. */
  readonly open?: readonly string[];
  /** Parts of the lines at level error that it provokes; any other such line is a fault. */
  readonly errors?: readonly string[];
  /** Confirms that we refused, by tokenization request id. */
  readonly lostConfirms?: readonly string[];
  /** Hashes of transactions that the test sent past the service: their deposits and burns are nobody's operations. */
  readonly foreign?: readonly string[];
  /** Vaults whose balances were split: what they hold is not the sum of what was done to them any more. */
  readonly split?: readonly string[];
}

/**
 * Waits until nothing is under way, mining what finality needs, and then compares the chain, Alpaca's books and ours
 * in every way in which a lost, doubled or invented effect would show.
 */
export async function expectInvariants(world: World, leftovers: Leftovers = {}): Promise<void> {
  const open = new Set(leftovers.open);
  await settled(world, open);
  const ours = new Set<string>(world.signers);
  const vaults = (await readVaults(world)).map((it) => withoutForeign(it, new Set(leftovers.foreign), ours));
  const whole = vaults.filter((it) => leftovers.split?.includes(it.vault) !== true);
  const redemptions = await world.operations('kind=redemption');
  const faults = [
    ...whole.flatMap((vault) => supplyFaults(vault, redemptions)),
    ...mintFaults(world, vaults, open),
    ...redemptionFaults(world, vaults, redemptions, open),
    ...bookFaults(world, whole),
    ...partnerFaults(world, leftovers),
    ...(await inventoryFaults(world, open, new Set(leftovers.split))),
    ...(await readinessFaults(world)),
    // An operation that is held, and one whose tokens are owed back, was told of by its id.
    ...errorLines(world, [
      ...(leftovers.errors ?? []),
      ...open,
      ...redemptions.filter((it) => it.state === 'rejected' || it.state === 'refunded').map((it) => it.id),
    ]),
  ];
  expect(faults).toEqual([]);
  expect(await withReader(world, (store) => verify(store, SCHEMA))).toMatchObject({ differences: [] });
}

/** Waits until only `open` is open; blocks are mined meanwhile, since nothing else makes a transaction final. */
async function settled(world: World, open: ReadonlySet<string>): Promise<void> {
  // What Alpaca rejected waits for whoever sends its tokens back; a call bears the id of its operation.
  const mayStay = (row: Row): boolean => {
    const id = row['id'] as string;
    const isOpenCall = row['kind'] === 'call' && open.has(id.split('/')[2] ?? '');
    return open.has(id) || isOpenCall || row['phase'] === 'rejected';
  };
  let left: readonly Row[] = [];
  const look = async (): Promise<boolean> => {
    for (const { chain } of world.partners.networks.values()) await chain.mine();
    left = await withReader(world, async (store) => [
      ...(await store.find({
        table: 'work',
        where: { kind: { in: ['mint', 'redemption', 'transaction', 'transfer', 'call'] } },
        limit: 1_000,
      })),
      ...(await store.find({ table: 'receipt', where: { reading_due: true }, limit: 1_000 })),
    ]);
    return left.every(mayStay);
  };
  await eventually(look, 'everything to come to its end').catch((error: unknown) => {
    const still = left.filter((row) => !mayStay(row));
    throw new Error(`${String(error)}; still open: ${JSON.stringify(still, jsonBigint)}`);
  });
}

/** The facts as they would be without transactions that the test sent past the service. */
function withoutForeign(
  facts: VaultFacts,
  hashes: ReadonlySet<string>,
  ours: ReadonlySet<string>,
): VaultFacts {
  if (hashes.size === 0) return facts;
  const isForeign = (it: { readonly transactionHash: string }): boolean => hashes.has(it.transactionHash);
  const deposits = facts.deposits.filter(isForeign);
  const withdrawals = facts.withdrawals.filter(isForeign);
  const transfers = facts.transfers.filter(isForeign);
  const received =
    sum(deposits.filter((it) => ours.has(it.owner)).map((it) => it.assets)) +
    sum(transfers.filter((it) => ours.has(it.to)).map((it) => it.value)) -
    sum(transfers.filter((it) => ours.has(it.from)).map((it) => it.value)) -
    sum(withdrawals.filter((it) => ours.has(it.owner)).map((it) => it.shares));
  return {
    ...facts,
    deposits: facts.deposits.filter((it) => !isForeign(it)),
    withdrawals: facts.withdrawals.filter((it) => !isForeign(it)),
    transfers: facts.transfers.filter((it) => !isForeign(it)),
    totalSupply:
      facts.totalSupply - sum(deposits.map((it) => it.assets)) + sum(withdrawals.map((it) => it.shares)),
    held: facts.held - received,
  };
}

/** States of redemptions of whose tokens nothing is left with us. */
const GONE: ReadonlySet<string> = new Set(['completed', 'refunded']);

/** Supply is what was deposited less what was burned, and our wallet holds what redemptions say it does. */
function supplyFaults(vault: VaultFacts, redemptions: readonly OperationOnWire[]): readonly string[] {
  const { deposits, withdrawals, totalSupply, held } = vault;
  const minted = sum(deposits.map((it) => it.assets));
  const burned = sum(withdrawals.map((it) => it.shares));
  // What goes from one of our wallets to another is the shares of another operation.
  const own = redemptions.filter((it) => isOn(vault, it) && it['reason'] !== 'self_transfer');
  const kept = own.filter((it) => !GONE.has(it.state));
  const owed = sum(kept.map((it) => quantity(it.shares) - quantity(it.burned)));
  return [
    ...differ(`supply of ${vault.vault}`, totalSupply, minted - burned),
    ...differ(`shares of ${vault.vault} in our wallet`, held, owed),
  ];
}

/** Every journaled mint is on chain once, for the right wallet and amount, and nothing else ever was minted. */
function mintFaults(
  world: World,
  vaults: readonly VaultFacts[],
  open: ReadonlySet<string>,
): readonly string[] {
  const journaled = journaledOf(world, 'mint');
  const faults: string[] = [];
  for (const [id, request] of journaled) {
    const found = vaults.flatMap((vault) =>
      vault.deposits.filter((it) => it.operationId === id).map((deposit) => ({ vault, deposit })),
    );
    const [effect] = found;
    if (found.length !== 1 || effect === undefined) {
      if (found.length > 1 || !open.has(id)) faults.push(`mint ${id} has ${String(found.length)} deposits`);
      continue;
    }
    const { vault, deposit } = effect;
    const { transactionHash, owner, assets } = deposit;
    faults.push(...differ(`deposit of mint ${id}`, assets, request.quantity));
    if (!world.signers.some((it) => it === owner)) faults.push(`the receipt of mint ${id} went to ${owner}`);
    const isPassedOn = vault.transfers.some(
      (it) =>
        it.transactionHash === transactionHash &&
        it.from === owner &&
        it.to === request.wallet.toLowerCase() &&
        it.value === request.quantity,
    );
    if (!isPassedOn) faults.push(`mint ${id} did not reach its wallet`);
    const isTold = request.status === 'completed' && request.txHash === transactionHash;
    if (!isTold && !open.has(id)) faults.push(`Alpaca has ${String(request.txHash)} for mint ${id}`);
  }
  for (const { operationId } of vaults.flatMap((it) => it.deposits)) {
    if (!journaled.has(operationId ?? '')) faults.push(`${String(operationId)} was minted without a journal`);
  }
  return faults;
}

/** Every transfer to us has its operation; what was journaled is burned once and its dust is back; nothing else is. */
function redemptionFaults(
  world: World,
  vaults: readonly VaultFacts[],
  redemptions: readonly OperationOnWire[],
  open: ReadonlySet<string>,
): readonly string[] {
  const journaled = journaledOf(world, 'redeem');
  const byId = new Map(redemptions.map((it) => [it.id, it]));
  const faults: string[] = [];
  for (const { operationIds, transactionHash } of vaults.flatMap((it) => it.withdrawals)) {
    const [id = '', ...more] = operationIds;
    if (!byId.has(id) || more.length > 0) faults.push(`${transactionHash} burns for ${operationIds.join()}`);
  }
  for (const operation of redemptions) {
    const { id, state } = operation;
    const burns = vaults.flatMap((it) => it.withdrawals).filter((it) => it.operationIds.includes(id));
    const burned = sum(burns.map((it) => it.shares));
    const journal = journaled.get(id)?.quantity ?? 0n;
    faults.push(...differ(`burned of redemption ${id} as shown`, quantity(operation.burned), burned));
    if (burned > journal) faults.push(`redemption ${id} burned ${formatQuantity(burned - journal)} too much`);
    if (open.has(id)) continue;
    if (journal !== burned || (state === 'completed') !== journal > 0n) {
      faults.push(`redemption ${id} is ${state}; journaled ${String(journal)}, burned ${String(burned)}`);
    }
  }
  return [...faults, ...vaults.flatMap((it) => transferFaults(world, it, redemptions))];
}

/** Each transfer to our wallet is one operation, and what left it is exactly the mints and the dust. */
function transferFaults(
  world: World,
  vault: VaultFacts,
  redemptions: readonly OperationOnWire[],
): readonly string[] {
  const ours = new Set<string>(world.signers);
  const own = redemptions.filter((it) => isOn(vault, it));
  const incoming = vault.transfers.filter((it) => ours.has(it.to));
  const shown = own.map((it) => `${String(it.tx_hash)} ${String(quantity(it.shares))}`).sort();
  const seen = incoming.map((it) => `${it.transactionHash} ${String(it.value)}`).sort();
  const mints = journaledOf(world, 'mint');
  const due = new Map<string, bigint>();
  const add = (wallet: string, amount: bigint): void =>
    void due.set(wallet, (due.get(wallet) ?? 0n) + amount);
  for (const { operationId, assets } of vault.deposits) add(mintedFor(mints, operationId), assets);
  for (const it of own) {
    if (it.state === 'completed') add(String(it['wallet']), quantity(it.dust));
    if (it.state === 'refunded') add(String(it['wallet']), quantity(it.shares));
  }
  for (const { from, to, value } of vault.transfers) if (ours.has(from) && !ours.has(to)) add(to, -value);
  return [
    ...(shown.join() === seen.join() ? [] : [`transfers in: ${seen.join()}; operations: ${shown.join()}`]),
    ...[...due].flatMap(([wallet, amount]) => differ(`sent to ${wallet} on ${vault.vault}`, amount, 0n)),
  ];
}

/** Two chains may have a vault at the same address. */
function isOn({ vault, network }: VaultFacts, operation: OperationOnWire): boolean {
  return operation['vault'] === vault && operation['network'] === network;
}

function mintedFor(mints: ReadonlyMap<string, TokenizationRequest>, operationId: string | null): string {
  return mints.get(operationId ?? '')?.wallet.toLowerCase() ?? 'nobody';
}

/** No share was lost between the AP and custody, and custody holds what is outside on chain. */
function bookFaults(world: World, vaults: readonly VaultFacts[]): readonly string[] {
  const { state, ap } = world.partners.alpaca;
  return [...new Set(vaults.map((it) => it.underlying))].flatMap((underlying) => {
    const ofSymbol = (rows: readonly { symbol: string; quantity: bigint }[]): bigint =>
      rows.find((it) => it.symbol === underlying)?.quantity ?? 0n;
    const custody = ofSymbol(state.custody);
    const withParticipants = sum(state.participants.map((it) => ofSymbol(ap.positions(it.email))));
    const supply = sum(vaults.filter((it) => it.underlying === underlying).map((it) => it.totalSupply));
    const unburned = sum(
      [...journaledOf(world, 'redeem')].flatMap(([id, it]) => {
        const burns = vaults.flatMap((v) => v.withdrawals.filter((w) => w.operationIds.includes(id)));
        return it.underlying === underlying ? [it.quantity - sum(burns.map((w) => w.shares))] : [];
      }),
    );
    const unminted = sum(
      [...journaledOf(world, 'mint')].flatMap(([id, it]) =>
        it.underlying === underlying && !vaults.some((v) => v.deposits.some((d) => d.operationId === id))
          ? [it.quantity]
          : [],
      ),
    );
    return [
      ...differ(`${underlying} at Alpaca`, custody + withParticipants, parseQuantity(world.shares)),
      ...differ(`custody of ${underlying}`, custody, supply + unminted - unburned),
    ];
  });
}

function partnerFaults(world: World, leftovers: Leftovers): readonly string[] {
  const { requests, complaints } = world.partners.alpaca.state;
  const lost = requests.filter((it) => it.confirm === 'lost' && !leftovers.lostConfirms?.includes(it.id));
  return [...complaints, ...lost.map((it) => `the confirm of ${it.id} was lost: ${String(it.reason)}`)];
}

async function inventoryFaults(
  world: World,
  open: ReadonlySet<string>,
  split: ReadonlySet<string>,
): Promise<readonly string[]> {
  const { differences } = (await world.api.call('POST', '/inventory/reconcile', {})) as {
    differences: { vault: string }[];
  };
  const { items } = (await world.api.call('GET', '/inventory')) as {
    items: { vault: string; promised: string; receipts: { receipt_id: string; reserved: string }[] }[];
  };
  const bound = items.flatMap(({ vault, promised, receipts }) => [
    ...differ(`promised of ${vault}`, quantity(promised), 0n),
    ...receipts.flatMap((it) =>
      differ(`reserved of receipt ${it.receipt_id} of ${vault}`, quantity(it.reserved), 0n),
    ),
  ]);
  return [
    ...differences.filter((it) => !split.has(it.vault)).map((it) => `inventory: ${JSON.stringify(it)}`),
    // An operation that stays open may hold what it was promised.
    ...(open.size === 0 ? bound : []),
  ];
}

async function readinessFaults(world: World): Promise<readonly string[]> {
  const report = (await world.api.call('GET', '/ready')) as {
    alpaca: string;
    networks: Record<string, { chain: string; scan: string; lane: string; signer: string }>;
  };
  const verdicts = Object.entries(report.networks).flatMap(([network, { chain, scan, lane, signer }]) =>
    [chain, scan, lane, signer].map((it) => `${network}: ${it}`),
  );
  return [`alpaca: ${report.alpaca}`, ...verdicts].filter((it) => !it.endsWith(': ok'));
}

function errorLines(world: World, expected: readonly string[]): readonly string[] {
  return world
    .issuer()
    .output.filter((line) => line.includes('"level":"error"') && !expected.some((it) => line.includes(it)));
}

/** Requests whose shares moved, by our id. */
function journaledOf(world: World, type: 'mint' | 'redeem'): ReadonlyMap<string, TokenizationRequest> {
  const { requests } = world.partners.alpaca.state;
  return new Map(
    requests
      .filter((it) => it.type === type && it.journal?.status === 'executed')
      .map((it) => [it.issuerRequestId ?? it.id, it]),
  );
}

function differ(what: string, found: bigint, wanted: bigint): readonly string[] {
  return found === wanted ? [] : [`${what}: ${formatQuantity(found)}, not ${formatQuantity(wanted)}`];
}

function quantity(text: string | null): bigint {
  return text === null ? 0n : parseQuantity(text);
}

function sum(values: readonly bigint[]): bigint {
  return values.reduce((total, it) => total + it, 0n);
}

function jsonBigint(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}
