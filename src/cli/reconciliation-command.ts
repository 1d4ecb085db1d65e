import type { Command } from 'commander';
import { CommandFailed } from './command-failed.ts';
import { withExample } from './example.ts';
import type { Tone } from './output/output.ts';
import { momentText } from './output/moments.ts';
import type { Column } from './output/table.ts';
import { tableLines } from './output/table.ts';
import { limitOption, printList, readAllPages } from './service/list.ts';
import type { Service, ServiceOptions } from './service/service-command.ts';
import { serviceOptions, withService } from './service/service-command.ts';
import type { CustodyAnswer, StandingDifferenceAnswer } from './service/wire.ts';

/** Asks the nodes about every vault, and Alpaca about every share. */
const TIMEOUT_MS = 5 * 60_000;

export function addReconciliationCommand(program: Command): void {
  withExample(
    serviceOptions(
      limitOption(
        program
          .command('reconciliation')
          .description(
            'compare the supply of each underlying with the shares in custody at Alpaca, now, and list what ' +
              'else differs in the books; status 1 when something differs or cannot be told',
          )
          .argument('[underlying]', 'only this one; all by default'),
        { usual: 1_000 },
      ),
    ),
    'issuer reconciliation',
  ).action(async (underlying: string | undefined, options: ServiceOptions & { readonly limit: number }) => {
    await withService(options, (service) => printReconciliation(service, underlying, options.limit));
  });
}

interface ReconciliationPage {
  readonly items: readonly CustodyAnswer[];
  readonly next_cursor: string | null;
  readonly differences: readonly StandingDifferenceAnswer[];
}

async function printReconciliation(
  service: Service,
  underlying: string | undefined,
  limit: number,
): Promise<void> {
  const sizeOf = (page: ReconciliationPage): number => page.items.length;
  const read = { limit, sizeOf, timeoutMs: TIMEOUT_MS };
  const pages = await readAllPages<ReconciliationPage>(service, '/reconciliation', { underlying }, read);
  const last = pages.at(-1);
  if (last === undefined) return;
  // The last page was compared last: its differences are the present ones.
  const page = { ...last, items: pages.flatMap((it) => it.items) };
  printList(service, page, CUSTODY_COLUMNS, 'assets');
  const { output, json, nowMs } = service;
  if (!json && page.differences.length > 0) {
    const lines = tableLines(page.differences, differenceColumns(nowMs), output);
    output.lines(['', output.paint('strong', 'Differences that stand'), ...lines]);
  }
  const isWrong = page.items.some((it) => it.status === 'differs' || it.status === 'unknown');
  if (isWrong || page.differences.length > 0) throw new CommandFailed(1);
}

function differenceColumns(nowMs: number): readonly Column<StandingDifferenceAnswer>[] {
  return [
    { head: 'KIND', cell: (it) => it.kind, tone: () => 'bad' },
    { head: 'UNDERLYING', cell: (it) => it.underlying },
    { head: 'NETWORK', cell: (it) => it.network },
    { head: 'EXPECTED', cell: (it) => it.expected, align: 'right' },
    { head: 'FOUND', cell: (it) => it.found, align: 'right' },
    { head: 'SINCE', cell: (it) => momentText(it.since, nowMs) },
    { head: 'VAULT', cell: (it) => it.vault },
    { head: 'RECEIPT', cell: (it) => it.receipt_id },
    { head: 'TRANSACTION', cell: (it) => it.tx_hash },
  ];
}

const TONES: Readonly<Record<CustodyAnswer['status'], Tone>> = {
  equal: 'good',
  moving: 'warn',
  differs: 'bad',
  unknown: 'bad',
};

const CUSTODY_COLUMNS: readonly Column<CustodyAnswer>[] = [
  { head: 'UNDERLYING', cell: (it) => it.underlying },
  { head: 'STATUS', cell: (it) => it.status, tone: (it) => TONES[it.status] },
  { head: 'SUPPLY', cell: (it) => it.supply, align: 'right' },
  { head: 'PENDING', cell: (it) => it.pending, align: 'right' },
  { head: 'CUSTODY', cell: (it) => it.custody, align: 'right' },
  { head: 'DIFFERENCE', cell: (it) => it.difference, align: 'right' },
  {
    head: 'EXPLAINED',
    cell: ({ explained: { least, most } }) =>
      least === '0' && most === '0' ? null : `from ${least} to ${most}`,
  },
  { head: 'WHY', cell: (it) => it.why, tone: () => 'bad' },
  {
    head: 'VAULTS',
    cell: ({ vaults }) =>
      vaults.length === 0
        ? null
        : vaults
            .map(({ network, token, vault, current, supply, block_number: block }) => {
              const amount = supply === null ? 'not read' : `${supply} ${token}`;
              const at = block === null ? '' : ` at block ${block}`;
              return `${network} ${vault}: ${amount}${at}${current ? '' : ' (past vault)'}`;
            })
            .join('; '),
  },
];
