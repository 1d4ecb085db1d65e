import type { Command } from 'commander';
import { Option } from 'commander';
import { moment } from './arguments.ts';
import { withExample } from './example.ts';
import { momentText } from './output/moments.ts';
import type { Tone } from './output/output.ts';
import type { Column } from './output/table.ts';
import { printAnswer } from './service/act.ts';
import { printList } from './service/list.ts';
import { pointOptions, pointQuery, tellPoint } from './service/point.ts';
import type { PointOptions } from './service/point.ts';
import type { ServiceOptions } from './service/service-command.ts';
import { queryText, serviceOptions, withService } from './service/service-command.ts';
import type { HoldAnswer } from './service/wire.ts';

const SYMBOL = 'symbol of the underlying, e.g. AAPL';

interface HoldsAnswer {
  readonly underlying: string;
  readonly at: string;
  readonly frozen: 'none' | 'new' | 'all';
  readonly items: readonly HoldAnswer[];
}

interface AddOptions extends ServiceOptions {
  readonly owner: string;
  readonly reason: string;
  readonly scope: string;
  readonly from?: string;
  readonly until?: string;
}

const FROZEN: Readonly<Record<HoldsAnswer['frozen'], string>> = {
  none: 'not frozen',
  new: 'frozen for what is new: mints are refused, redemptions wait, what is journaled goes on',
  all: 'frozen altogether: nothing more is signed or journaled',
};

export function addHoldCommands(program: Command): void {
  const holds = withExample(
    program.command('holds').description('holds that freeze an underlying, each with an owner'),
    'issuer holds list AAPL',
  );

  withExample(
    serviceOptions(
      pointOptions(
        holds
          .command('list')
          .description('list the holds of an underlying, and say what they freeze')
          .argument('<symbol>', SYMBOL)
          .option('--lifted', 'those too that were lifted'),
        'as they stood',
      ),
    ),
    'issuer holds list AAPL',
  ).action(async (symbol: string, options: ServiceOptions & PointOptions & { readonly lifted?: true }) => {
    await withService(options, async (service) => {
      const lifted = options.lifted === true ? 'true' : undefined;
      const path = `${pathOf(symbol)}${queryText({ lifted, ...pointQuery(options) })}`;
      const answer = (await service.api.call('GET', path)) as HoldsAnswer;
      tellPoint(service, options, 'they stood');
      const { output, json } = service;
      if (!json) {
        const words = FROZEN[answer.frozen];
        output.line(
          `${answer.underlying}  ${output.paint(answer.frozen === 'none' ? 'good' : 'bad', words)}`,
        );
      }
      printList(service, answer, holdColumns(service.nowMs), 'holds');
    });
  });
  addChanges(holds);
}

function addChanges(holds: Command): void {
  withExample(
    serviceOptions(
      holds
        .command('add')
        .description('freeze an underlying until the hold is removed or ends')
        .argument('<symbol>', SYMBOL)
        .requiredOption(
          '--owner <name>',
          'who answers for it, and alone may lift it by the rules of your house',
        )
        .requiredOption('--reason <text>', 'why, in your own words; the log keeps it with your name')
        .addOption(
          new Option('--scope <scope>', 'what it stops: what is new, or all')
            .choices(['new', 'all'])
            .default('new'),
        )
        .addOption(new Option('--from <moment>', 'when it begins; now by default').argParser(moment))
        .addOption(new Option('--until <moment>', 'when it ends; never by default').argParser(moment)),
    ),
    'issuer holds add AAPL --owner compliance --reason "stock split" --scope all --until "2026-12-01 09:30"',
  ).action(async (symbol: string, options: AddOptions) => {
    await withService(options, async (service) => {
      const { owner, reason, scope, from, until } = options;
      const body = { owner, reason, scope, from, until };
      const added = (await service.api.call('POST', pathOf(symbol), body)) as { hold_id: string };
      printAnswer(service, added, [`hold ${added.hold_id} placed on ${symbol}`]);
    });
  });

  withExample(
    serviceOptions(
      holds
        .command('remove')
        .description('lift a hold; it may be done twice')
        .argument('<symbol>', SYMBOL)
        .argument('<hold-id>', 'from the list')
        .option('--reason <text>', 'why, in your own words; the log keeps it with your name'),
    ),
    'issuer holds remove AAPL 2f1c7a52-9d1b-4f9e-8a53-0a6f5b5d2c11 --reason "the split is done"',
  ).action(async (symbol: string, holdId: string, options: ServiceOptions & { readonly reason?: string }) => {
    await withService(options, async (service) => {
      const path = `${pathOf(symbol)}/${encodeURIComponent(holdId)}${queryText({ reason: options.reason })}`;
      const answer = await service.api.call('DELETE', path);
      printAnswer(service, answer, [`hold ${holdId} does not stand on ${symbol} any more`]);
    });
  });
}

function pathOf(symbol: string): string {
  return `/underlyings/${encodeURIComponent(symbol)}/holds`;
}

function holdColumns(nowMs: number): readonly Column<HoldAnswer>[] {
  const when = (iso: string | null): string | null => (iso === null ? null : momentText(iso, nowMs));
  return [
    { head: 'HOLD ID', cell: (it) => it.hold_id },
    { head: 'STATUS', cell: (it) => it.status, tone: (it) => statusTone(it.status) },
    { head: 'SCOPE', cell: (it) => it.scope },
    { head: 'OWNER', cell: (it) => it.owner },
    { head: 'FROM', cell: (it) => when(it.from) },
    { head: 'UNTIL', cell: (it) => when(it.until) },
    { head: 'REASON', cell: (it) => it.reason },
    { head: 'PLACED', cell: (it) => `${momentText(it.placed_at, nowMs)} by ${it.placed_by}` },
    {
      head: 'LIFTED',
      cell: ({ lifted_at: at, lifted_by: by, lift_reason: why }) =>
        at === null ? null : `${momentText(at, nowMs)} by ${by ?? 'nobody'}${why === null ? '' : `: ${why}`}`,
    },
  ];
}

function statusTone(status: string): Tone | null {
  if (status === 'active') return 'bad';
  return status === 'future' ? 'warn' : 'quiet';
}
