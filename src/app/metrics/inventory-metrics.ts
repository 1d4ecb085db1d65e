import type { NetworkConfig } from '../../config/config.ts';
import type { EventStore } from '../../event-store/event-store.ts';
import type { CommitReport } from '../../event-store/ledger.ts';
import { DECIMALS } from '../../primitives/quantity.ts';
import type { InventoryTotals } from '../../receipt/inventory-totals.ts';
import { VAULT_BALANCE_TABLE } from '../../receipt/receipt-kind.ts';
import type { Metrics } from '../../telemetry/metrics.ts';

interface InventorySources {
  readonly store: Pick<EventStore, 'find'>;
  readonly totals: Pick<InventoryTotals, 'vaults'>;
  readonly networks: readonly NetworkConfig[];
}

/** Vaults whose comparison is read at a scrape. */
const MOST_VAULTS = 1_000;

/** What the receipts of each vault hold, and whether the chain agrees. */
export function createInventoryMetrics(metrics: Metrics) {
  const labels = ['network', 'vault'];
  const gauge = (name: string, help: string) => metrics.gauge({ name, help, labels });
  const balance = gauge('issuer_inventory_balance_tokens', 'Shares that our receipts hold.');
  const reserved = gauge('issuer_inventory_reserved_tokens', 'Of them, reserved by signed burns.');
  const promised = gauge('issuer_inventory_promised_tokens', 'Of them, promised to redemptions.');
  const available = gauge('issuer_inventory_available_tokens', 'What is neither; a new redemption needs it.');
  const all = [balance, reserved, promised, available];
  const difference = gauge(
    'issuer_reconciliation_difference_tokens',
    'Shares in our wallets less those owed from them, when last compared; 0 is right.',
  );
  const mismatched = gauge(
    'issuer_reconciliation_mismatches',
    'Comparisons in a row that found a difference, up to 2, at which an alarm is raised.',
  );
  const moved = metrics.counter({
    name: 'issuer_receipts_moved_total',
    help: 'Receipts that were burned or transferred other than by a burn of ours.',
    labels: ['network'],
  });
  return {
    /** Counts receipts that moved without us; `networkOf` names a chain. */
    onCommitted({ changes }: CommitReport, networkOf: (chainId: number) => string): void {
      for (const { category, id, events } of changes) {
        if (category !== 'receipt') continue;
        for (const event of events) {
          if (event.type === 'ReceiptMoved') moved.add([networkOf(Number(id.split('/')[0]))]);
        }
      }
    },
    async collect({ store, totals, networks }: InventorySources): Promise<void> {
      for (const it of all) it.clear();
      const names = new Map(networks.map((it) => [it.chainId, it.network]));
      for (const it of totals.vaults() ?? []) {
        const of = [names.get(it.chainId) ?? String(it.chainId), it.vault];
        balance.set(of, tokens(it.balance));
        reserved.set(of, tokens(it.reserved));
        promised.set(of, tokens(it.promised));
        available.set(of, tokens(it.balance - it.reserved - it.promised));
      }
      difference.clear();
      mismatched.clear();
      for (const row of await store.find({ table: VAULT_BALANCE_TABLE.name, limit: MOST_VAULTS })) {
        const chainId = row['chain_id'] as number;
        const of = [names.get(chainId) ?? String(chainId), row['vault'] as string];
        difference.set(of, tokens((row['shares'] as bigint) - (row['owed'] as bigint)));
        mismatched.set(of, row['mismatches'] as number);
      }
    },
  };
}

/** As a number of tokens: a figure to look at, never to reckon with. */
function tokens(shares: bigint): number {
  return Number(shares) / 10 ** DECIMALS;
}
