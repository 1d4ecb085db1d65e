import type { Command } from 'commander';
import { CommandFailed } from './command-failed.ts';
import { withExample } from './example.ts';
import type { Tone } from './output/output.ts';
import type { Column } from './output/table.ts';
import { limitOption, printList, readPages } from './service/list.ts';
import type { ServiceOptions } from './service/service-command.ts';
import { serviceOptions, withService } from './service/service-command.ts';
import type { CustodyAnswer } from './service/wire.ts';

/** Asks the nodes about every vault, and Alpaca about every share. */
const TIMEOUT_MS = 5 * 60_000;

export function addReconciliationCommand(program: Command): void {
  withExample(
    serviceOptions(
      limitOption(
        program
          .command('reconciliation')
          .description(
            'compare the supply of each underlying with the shares in custody at Alpaca, now; status 1 when one ' +
              'differs or cannot be told',
          )
          .argument('[underlying]', 'only this one; all by default'),
        { usual: 1_000 },
      ),
    ),
    'issuer reconciliation',
  ).action(async (underlying: string | undefined, options: ServiceOptions & { readonly limit: number }) => {
    await withService(options, async (service) => {
      const query = { underlying };
      const page = await readPages<CustodyAnswer>(
        service,
        '/reconciliation',
        query,
        options.limit,
        TIMEOUT_MS,
      );
      printList(service, page, CUSTODY_COLUMNS, 'assets');
      if (page.items.some((it) => it.status === 'differs' || it.status === 'unknown'))
        throw new CommandFailed(1);
    });
  });
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
