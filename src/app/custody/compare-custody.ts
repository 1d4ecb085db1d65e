import type { AlpacaClient } from '../../alpaca/types.ts';
import type { AssetReads, VaultView } from '../../asset/assets.ts';
import { confirmedHead } from '../../chain/finality.ts';
import type { EventStore } from '../../event-store/event-store.ts';
import { IssuanceError } from '../../primitives/failures.ts';
import { readSplitCount } from '../../vault/split-count.ts';
import { vaultReads } from '../../vault/reads.ts';
import type { NetworkParts } from '../network-parts.ts';
import type { SupplySums, VaultSum } from '../differences/supply-sums.ts';
import type { Moving, SupplyMoving } from './moving-shares.ts';
import { movingBetween, readMoving, supplyMovingIn } from './moving-shares.ts';

/** One underlying: what is on chain, and what Alpaca holds for it. Quantities in 10⁻¹⁸; null is "not known now". */
export interface CustodyLine {
  readonly underlying: string;
  /**
   * `moving`: what is under way explains the difference. `unknown`: something could not be read; that is never taken
   * for "equal".
   */
  readonly status: 'equal' | 'moving' | 'differs' | 'unknown';
  readonly why: string | null;
  readonly supply: bigint | null;
  readonly custody: bigint | null;
  /** Journaled and not minted yet, less what is journaled and not burned yet. */
  readonly pending: bigint;
  /** Custody less supply less pending. */
  readonly difference: bigint | null;
  /** What the difference may be because of operations of which is not known how far they are. */
  readonly explained: { readonly least: bigint; readonly most: bigint };
  readonly vaults: readonly VaultSupply[];
}

export interface VaultSupply extends Pick<VaultView, 'network' | 'token' | 'vault' | 'current' | 'chainId'> {
  readonly supply: bigint | null;
  readonly blockNumber: bigint | null;
  /** Splits that the vault had completed as of that block; 0 for one that cannot split. */
  readonly splits: bigint;
  /** What the log says of it; null while it is not added up. */
  readonly log: VaultLog | null;
}

export interface VaultLog extends VaultSum {
  /** What open operations may move the supply away from the log. */
  readonly moving: SupplyMoving;
}

export interface CustodyParts {
  readonly store: EventStore;
  readonly vaults: AssetReads['vaults'];
  readonly networks: readonly Pick<NetworkParts, 'config' | 'rpc'>[];
  readonly alpaca: Pick<AlpacaClient, 'positions'>;
  readonly sums: Pick<SupplySums, 'of'>;
}

/**
 * Compares the supply of these underlyings' vaults, past ones too, with the shares that Alpaca holds in our account.
 * What differs is looked at twice, since the two sides cannot be read at one moment.
 */
export async function compareCustody(
  parts: CustodyParts,
  symbols: readonly string[],
): Promise<readonly CustodyLine[]> {
  const first = await compare(parts, symbols);
  const differing = first.filter((it) => it.status === 'differs').map((it) => it.underlying);
  if (differing.length === 0) return first;
  const again = new Map((await compare(parts, differing)).map((it) => [it.underlying, it]));
  return first.map((it) => again.get(it.underlying) ?? it);
}

async function compare(parts: CustodyParts, symbols: readonly string[]): Promise<readonly CustodyLine[]> {
  const vaults = (await parts.vaults()).filter((it) => symbols.includes(it.underlying));
  const before = await readMoving(parts.store);
  // At the same moment: what is recorded after it was open then.
  const logs = new Map(vaults.map((it) => [vaultKey(it), logOf(parts, before, it)]));
  const [custodyOf, read] = await Promise.all([readCustody(parts.alpaca), readSupplies(parts, vaults)]);
  const supplies = read.map((it) => ({
    ...it,
    shown: { ...it.shown, log: logs.get(vaultKey(it.shown)) ?? null },
  }));
  const after = await readMoving(parts.store);
  return symbols.map((symbol) => {
    const own = supplies.filter((it) => it.underlying === symbol);
    return lineOf(symbol, own, custodyOf(symbol), movingBetween(before, after, symbol));
  });
}

function logOf(
  { sums }: CustodyParts,
  open: Awaited<ReturnType<typeof readMoving>>,
  view: VaultView,
): VaultLog | null {
  const sum = sums.of(view.chainId, view.vault);
  return sum === null ? null : { ...sum, moving: supplyMovingIn(open, vaultKey(view)) };
}

/** A vault as differences and sums name it. */
export function vaultKey({ chainId, vault }: Pick<VaultView, 'chainId' | 'vault'>): string {
  return `${String(chainId)}/${vault}`;
}

/** A reading of one side, or why there is none. */
type Reading = { readonly value: bigint } | { readonly value: null; readonly why: string };

interface SupplyReading {
  readonly underlying: string;
  readonly shown: VaultSupply;
  readonly why: string | null;
}

function lineOf(
  underlying: string,
  supplies: readonly SupplyReading[],
  custody: Reading,
  { expected, least, most }: Moving,
): CustodyLine {
  const failure =
    supplies.find((it) => it.why !== null)?.why ?? (custody.value === null ? custody.why : null);
  const supply = supplies.reduce<bigint | null>(
    (sum, { shown }) => (sum === null || shown.supply === null ? null : sum + shown.supply),
    0n,
  );
  const explained = { least: least - expected, most: most - expected };
  const known = { underlying, pending: expected, explained, vaults: supplies.map((it) => it.shown) };
  if (supply === null || custody.value === null) {
    const why = failure ?? 'not read';
    return { ...known, status: 'unknown', why, supply, custody: custody.value, difference: null };
  }
  const difference = custody.value - supply - expected;
  const isExplained = difference >= explained.least && difference <= explained.most;
  const status = difference === 0n ? 'equal' : isExplained ? 'moving' : 'differs';
  return { ...known, status, why: null, supply, custody: custody.value, difference };
}

/** What Alpaca holds of each symbol. Without the symbol in a list that could be read whole, it holds none. */
async function readCustody(alpaca: CustodyParts['alpaca']): Promise<(symbol: string) => Reading> {
  try {
    const answer = await alpaca.positions();
    if (answer.kind !== 'ok') {
      const why = `Alpaca answered ${String(answer.refusal.status)}: ${answer.refusal.message}`;
      return () => ({ value: null, why });
    }
    const { items, skipped } = answer.value;
    const held = new Map(items.map((it) => [it.symbol, it.quantity]));
    return (symbol) => {
      const value = held.get(symbol);
      if (value !== undefined) return { value };
      return skipped === 0
        ? { value: 0n }
        : { value: null, why: 'Alpaca sent positions that cannot be read' };
    };
  } catch (error) {
    const why = wordsOf(error);
    return () => ({ value: null, why });
  }
}

async function readSupplies(
  { networks }: CustodyParts,
  vaults: readonly VaultView[],
): Promise<readonly SupplyReading[]> {
  const byNetwork = Map.groupBy(vaults, (it) => it.network);
  const read = await Promise.all(
    [...byNetwork].map(([network, own]) =>
      readNetwork(
        networks.find((it) => it.config.network === network),
        own,
      ),
    ),
  );
  return read.flat();
}

/** All vaults of a network as of one block of one node. */
async function readNetwork(
  network: CustodyParts['networks'][number] | undefined,
  vaults: readonly VaultView[],
): Promise<readonly SupplyReading[]> {
  const unread = (why: string) => vaults.map((it) => readingOf(it, null, null, why));
  if (network === undefined) return unread(`the network ${vaults[0]?.network ?? ''} is not configured`);
  try {
    const rpc = network.rpc.pinned();
    const head = await confirmedHead(rpc, network.config.confirmations);
    if (head === null) return unread(`${network.config.network} has no confirmed block yet`);
    const readings: SupplyReading[] = [];
    for (const view of vaults) {
      const data = vaultReads.totalSupply.encode();
      const answer = await rpc.call({ to: view.vault, data, block: head.number });
      const supply = vaultReads.totalSupply.decode(answer);
      const { count } = await readSplitCount(rpc, view.vault, head.number);
      const read = readingOf(view, supply, head.number, null);
      readings.push({ ...read, shown: { ...read.shown, splits: count ?? 0n } });
    }
    return readings;
  } catch (error) {
    return unread(`${network.config.network}: ${wordsOf(error)}`);
  }
}

function readingOf(
  { underlying, network, chainId, token, vault, current }: VaultView,
  supply: bigint | null,
  blockNumber: bigint | null,
  why: string | null,
): SupplyReading {
  return {
    underlying,
    shown: { network, chainId, token, vault, current, supply, blockNumber, splits: 0n, log: null },
    why,
  };
}

/** Only errors of ours have words that are made to be read. */
function wordsOf(error: unknown): string {
  if (error instanceof IssuanceError) return error.message;
  throw error;
}
