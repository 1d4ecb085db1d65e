import type { StepResult } from '../../engine/work.ts';
import type { EventStore } from '../../event-store/event-store.ts';
import { VAULT_BALANCE_TABLE, RECEIPT_TABLE } from '../../receipt/receipt-kind.ts';
import type { Log } from '../../telemetry/log.ts';
import type { VaultView } from '../../asset/assets.ts';
import type { CustodyLine, CustodyParts } from '../custody/compare-custody.ts';
import { compareCustody, vaultKey } from '../custody/compare-custody.ts';
import type { Differences } from './create-differences.ts';
import type { Difference, DifferenceKind } from './difference.ts';
import { lookAtDeposits } from './look-at-deposits.ts';
import { expectedSupply } from './supply-opening.ts';

/**
 * Underlyings that are compared at a time. With hundreds of them a round takes hours; twenty, at rest, cost their nodes
 * some 130 requests an hour.
 */
const AT_ONCE = 5;
/** Pause after a part of the round; the longest that a row of work may have. */
const PAUSE_MS = 300_000;
/** What was found once is looked at again soon. */
const SECOND_LOOK_MS = 15_000;
/** Vaults and receipts that are read: more than anybody has. */
const MOST_ROWS = 10_000;
/** Comparisons in a row, after which the inventory raises its alarm. */
const SHARES_TOLD_AFTER = 2;

/** The comparison of the books with each other, with the chains, and with Alpaca. */
export interface BooksCheck {
  /** Compares these underlyings now, and keeps what differs. */
  compare(symbols: readonly string[]): Promise<readonly CustodyLine[]>;
  /** For the engine: the next part of the round. */
  step(): Promise<StepResult>;
}

export interface BooksCheckParts extends CustodyParts {
  readonly store: EventStore;
  readonly log: Log;
  readonly differences: Differences;
  /** Told of every comparison, for metrics. */
  readonly onCompared: (lines: readonly CustodyLine[]) => void;
}

export function createBooksCheck(parts: BooksCheckParts): BooksCheck {
  const { store, differences } = parts;
  let afterSymbol = '';

  const compare = async (symbols: readonly string[]) => {
    const lines = await compareCustody(parts, symbols);
    parts.onCompared(lines);
    const isNewCustody = await differences.record('custody', told(lines), lines.flatMap(custodyDifference));
    const isNewSupply = await recordSupplies(parts, lines);
    return { lines, isNew: isNewCustody || isNewSupply };
  };

  return {
    compare: async (symbols) => (await compare(symbols)).lines,
    async step() {
      const vaults = await parts.vaults();
      await recordInventory(store, differences, vaults);
      const deposits = await lookAtDeposits({ store, vaults }, differences);
      if (deposits === 'more') return { kind: 'later', delayMs: 0 };
      const symbols = [...new Set(vaults.map((it) => it.underlying))].sort();
      const doubtful = new Set(
        (await differences.known('custody')).filter((it) => !it.told).map((it) => it.subject),
      );
      const ahead = symbols.filter((it) => it > afterSymbol);
      const next = ahead.slice(0, AT_ONCE);
      afterSymbol = next.length < ahead.length ? (next.at(-1) ?? '') : '';
      const { isNew } = await compare([...new Set([...next, ...doubtful])]);
      return { kind: 'later', delayMs: isNew || deposits === 'again' ? SECOND_LOOK_MS : PAUSE_MS };
    },
  };
}

/** Underlyings of which the comparison tells something. */
function told(lines: readonly CustodyLine[]): ReadonlySet<string> {
  return new Set(lines.filter((it) => it.status !== 'unknown').map((it) => it.underlying));
}

function custodyDifference({ underlying, status, supply, pending, custody }: CustodyLine): Difference[] {
  if (status !== 'differs' || supply === null || custody === null) return [];
  const place = { network: null, vault: null, receiptId: null, transactionHash: null };
  return [
    {
      kind: 'custody',
      subject: underlying,
      underlying,
      ...place,
      expected: supply + pending,
      found: custody,
    },
  ];
}

async function recordSupplies(parts: BooksCheckParts, lines: readonly CustodyLine[]): Promise<boolean> {
  const looked = new Set<string>();
  const found: Difference[] = [];
  for (const { underlying, vaults } of lines) {
    for (const it of vaults) {
      const expected = await expectedSupply(parts, it);
      if (expected === null || it.supply === null || it.log === null) continue;
      looked.add(vaultKey(it));
      const difference = it.supply - expected.expected;
      const { least, most } = it.log.moving;
      if (difference >= least && difference <= most) continue;
      const place = { underlying, network: it.network, vault: it.vault };
      const none = { receiptId: null, transactionHash: null };
      const subject = vaultKey(it);
      const amounts = { expected: expected.expected, found: it.supply };
      found.push({ kind: 'supply', subject, ...place, ...none, ...amounts });
    }
  }
  return parts.differences.record('supply', looked, found);
}

/** What the inventory found by itself, and told of at once. */
async function recordInventory(
  store: EventStore,
  differences: Pick<Differences, 'record'>,
  vaults: readonly VaultView[],
): Promise<void> {
  const views = new Map(vaults.map((it) => [vaultKey(it), it]));
  const of = (kind: DifferenceKind, chainId: number, vault: string) => {
    const view = views.get(`${String(chainId)}/${vault}`);
    const network = view?.network ?? null;
    return { kind, underlying: view?.underlying ?? null, network, vault, transactionHash: null };
  };
  const balances = await store.find({ table: VAULT_BALANCE_TABLE.name, limit: MOST_ROWS });
  const shares = balances
    .filter((row) => (row['mismatches'] as number) >= SHARES_TOLD_AFTER)
    .map((row): Difference => {
      const [chainId, vault] = [row['chain_id'] as number, row['vault'] as string];
      const amounts = { expected: row['owed'] as bigint, found: row['shares'] as bigint };
      return {
        ...of('shares', chainId, vault),
        subject: `${String(chainId)}/${vault}`,
        receiptId: null,
        ...amounts,
      };
    });
  await differences.record('shares', 'all', shares);
  const receipts: Difference[] = [];
  for (const { chainId, vault } of vaults) {
    const where = { chain_id: chainId, vault, overdrawn: true };
    for (const row of await store.find({ table: RECEIPT_TABLE.name, where, limit: MOST_ROWS })) {
      const receiptId = row['receipt_id'] as string;
      const amounts = { expected: row['reserved'] as bigint, found: (row['balance'] ?? 0n) as bigint };
      const subject = `${String(chainId)}/${vault}/${receiptId}`;
      receipts.push({ ...of('receipt', chainId, vault), subject, receiptId, ...amounts });
    }
  }
  await differences.record('receipt', 'all', receipts);
}
