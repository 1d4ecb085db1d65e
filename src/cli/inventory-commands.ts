import type { Command } from 'commander';
import { formatQuantity, parseQuantity } from '../primitives/quantity.ts';
import { CommandFailed } from './command-failed.ts';
import { withExample } from './example.ts';
import { tableLines } from './output/table.ts';
import type { Column } from './output/table.ts';
import { limitOption, printList, readAllPages } from './service/list.ts';
import { pointOptions, pointQuery, tellPoint } from './service/point.ts';
import type { PointOptions } from './service/point.ts';
import type { Service, ServiceOptions } from './service/service-command.ts';
import { serviceOptions, withService } from './service/service-command.ts';
import type { DifferenceAnswer, InventoryAnswer, ReceiptAnswer } from './service/wire.ts';

/** A comparison reads every receipt of every vault from the chain. */
const RECONCILE_TIMEOUT_MS = 15 * 60_000;

interface InventoryOptions extends ServiceOptions, PointOptions {
  readonly network?: string;
  readonly underlying?: string;
  readonly vault?: string;
  readonly receipts?: true;
  readonly limit: number;
}

interface InventoryPage {
  readonly items: readonly InventoryAnswer[];
  readonly next_cursor: string | null;
}

export function addInventoryCommands(program: Command): void {
  withExample(
    serviceOptions(
      limitOption(
        pointOptions(
          program
            .command('inventory')
            .description(
              'say what each vault’s receipts hold, and how much of it redemptions have a claim on',
            )
            .option('--network <network>', 'on this network')
            .option('--underlying <symbol>', 'of this share')
            .option('--vault <address>', 'of this vault')
            .option('--receipts', 'every receipt by itself'),
          'as the books had it',
        ),
        { usual: 10_000, what: 'receipts' },
      ),
    ),
    'issuer inventory',
    'issuer inventory --underlying AAPL --receipts',
  ).action(async (options: InventoryOptions) => {
    await withService(options, (service) => printInventory(service, options));
  });

  withExample(
    serviceOptions(
      program
        .command('reconcile')
        .description('compare receipts with the chain now, and correct them; status 1 when anything differed')
        .argument('[network]', 'only this one; all by default'),
    ),
    'issuer reconcile base',
  ).action(async (network: string | undefined, options: ServiceOptions) => {
    await withService(options, async ({ api, output, json }) => {
      const body = network === undefined ? {} : { network };
      const answer = (await api.call('POST', '/inventory/reconcile', body, RECONCILE_TIMEOUT_MS)) as {
        readonly differences: readonly DifferenceAnswer[];
      };
      if (json) output.json(answer);
      else if (answer.differences.length > 0) {
        output.lines(tableLines(answer.differences, DIFFERENCE_COLUMNS, output));
      } else output.line('no differences');
      if (answer.differences.length > 0) throw new CommandFailed(1);
    });
  });
}

async function printInventory(service: Service, options: InventoryOptions): Promise<void> {
  const { network, underlying, vault, limit } = options;
  const query = { network, underlying, vault, ...pointQuery(options) };
  tellPoint(service, options, 'the books had it');
  // As the service counts: a vault without receipts as one.
  const sizeOf = (page: InventoryPage): number =>
    page.items.reduce((sum, it) => sum + Math.max(1, it.receipts.length), 0);
  const pages = await readAllPages<InventoryPage>(service, '/inventory', query, { limit, sizeOf });
  const items = pages.flatMap((it) => it.items);
  const page = { items, next_cursor: pages.at(-1)?.next_cursor ?? null };
  if (service.json || options.receipts !== true) {
    printList(service, service.json ? page : { ...page, items: vaultsOf(items) }, VAULT_COLUMNS, 'vaults');
    return;
  }
  const receipts = items.flatMap((it) => it.receipts.map((receipt) => ({ ...receipt, of: it })));
  printList(service, { ...page, items: receipts }, RECEIPT_COLUMNS, 'receipts');
}

/** A vault with many receipts comes in several pages. */
function vaultsOf(items: readonly InventoryAnswer[]): readonly InventoryAnswer[] {
  const byVault = new Map<string, InventoryAnswer>();
  for (const it of items) {
    const key = `${it.network}/${it.vault}`;
    const known = byVault.get(key);
    byVault.set(key, known === undefined ? it : { ...known, receipts: [...known.receipts, ...it.receipts] });
  }
  return [...byVault.values()];
}

function sumOf(quantities: readonly string[]): bigint {
  return quantities.reduce((sum, it) => sum + parseQuantity(it), 0n);
}

const balanceOf = ({ receipts }: InventoryAnswer): bigint =>
  sumOf(receipts.flatMap((it) => (it.balance === null ? [] : [it.balance])));
const reservedOf = ({ receipts }: InventoryAnswer): bigint => sumOf(receipts.map((it) => it.reserved));

const VAULT_COLUMNS: readonly Column<InventoryAnswer>[] = [
  { head: 'TOKEN', cell: (it) => it.token },
  { head: 'NETWORK', cell: (it) => it.network },
  { head: 'RECEIPTS', cell: (it) => String(it.receipts.length), align: 'right' },
  { head: 'BALANCE', cell: (it) => formatQuantity(balanceOf(it)), align: 'right' },
  { head: 'RESERVED', cell: (it) => formatQuantity(reservedOf(it)), align: 'right' },
  { head: 'PROMISED', cell: (it) => it.promised, align: 'right' },
  {
    head: 'FREE',
    cell: (it) =>
      it.promised === null
        ? null
        : formatQuantity(balanceOf(it) - reservedOf(it) - parseQuantity(it.promised)),
    align: 'right',
  },
  {
    head: 'NOT READ YET',
    cell: ({ receipts }) => {
      const unread = receipts.filter((it) => it.balance === null).length;
      return unread === 0 ? null : String(unread);
    },
    tone: () => 'warn',
    align: 'right',
  },
  { head: 'VAULT', cell: (it) => it.vault },
];

const RECEIPT_COLUMNS: readonly Column<ReceiptAnswer & { readonly of: InventoryAnswer }>[] = [
  { head: 'RECEIPT', cell: (it) => it.receipt_id, align: 'right' },
  { head: 'TOKEN', cell: (it) => it.of.token },
  { head: 'NETWORK', cell: (it) => it.of.network },
  { head: 'BALANCE', cell: (it) => it.balance, align: 'right' },
  { head: 'RESERVED', cell: (it) => it.reserved, align: 'right' },
  {
    head: 'AT BLOCK',
    cell: (it) => (it.observed_block === null ? null : String(it.observed_block)),
    align: 'right',
  },
  { head: 'HOLDER', cell: (it) => it.holder },
  { head: 'VAULT', cell: (it) => it.of.vault },
];

const DIFFERENCE_COLUMNS: readonly Column<DifferenceAnswer>[] = [
  { head: 'NETWORK', cell: (it) => it.network },
  { head: 'VAULT', cell: (it) => it.vault },
  { head: 'WHAT', cell: differenceText, bare: true, tone: () => 'bad' },
];

function differenceText(it: DifferenceAnswer): string {
  switch (it.kind) {
    case 'receipt':
      return (
        `receipt ${it.receipt_id ?? '?'}: ${it.balance_before ?? '?'} of ${it.holder_before ?? '?'} in the books, ` +
        `${it.balance ?? '?'} of ${it.holder ?? '?'} on chain; corrected`
      );
    case 'shares':
      return `our wallets hold ${it.shares ?? '?'} and owe ${it.owed ?? '?'}`;
    case 'not_compared':
      return 'not compared: the vault is still being caught up with';
    default:
      return it.kind satisfies never;
  }
}
