import type { Command } from 'commander';
import { CommandFailed } from './command-failed.ts';
import { withExample } from './example.ts';
import { momentText } from './output/moments.ts';
import type { Output } from './output/output.ts';
import { tableLines } from './output/table.ts';
import type { Column } from './output/table.ts';
import { laneColumns } from './lane-commands.ts';
import { limitOption, readAllPages } from './service/list.ts';
import { operationColumns } from './service/operation-columns.ts';
import type { Service, ServiceOptions } from './service/service-command.ts';
import { serviceOptions, withService } from './service/service-command.ts';
import type { StuckAnswer } from './service/wire.ts';

export function addStuckCommand(program: Command): void {
  withExample(
    serviceOptions(
      limitOption(
        program
          .command('stuck')
          .description(
            'list all that needs a person: operations past the bound of their state, lanes that do not sign, ' +
              'networks that stand still, transactions and moves to another key that are late; status 1 when there ' +
              'is any',
          ),
      ),
    ),
    'issuer stuck',
  ).action(async (options: ServiceOptions & { readonly limit: number }) => {
    await withService(options, (service) => printStuck(service, options.limit));
  });
}

async function printStuck(service: Service, limit: number): Promise<void> {
  const pages = await readAllPages<StuckAnswer>(
    service,
    '/admin/stuck',
    {},
    {
      limit,
      sizeOf: (page) => page.operations.length,
    },
  );
  const [first, last] = [pages[0], pages.at(-1)];
  if (first === undefined || last === undefined) return;
  const answer: StuckAnswer = {
    ...first,
    operations: pages.flatMap((it) => it.operations),
    next_cursor: last.next_cursor,
  };
  const { output, json } = service;
  if (json) output.json(answer);
  else output.lines(stuckLines(answer, service));
  if (!json && answer.next_cursor !== null) output.note('there are more operations: raise --limit');
  const { operations, lanes, networks, transactions, moves } = answer;
  if ([operations, lanes, networks, transactions, moves].some((it) => it.length > 0))
    throw new CommandFailed(1);
  if (!json) output.note('nothing stands still; what differs in the books: issuer reconciliation');
}

export function stuckLines(
  { operations, lanes, networks, transactions, moves }: StuckAnswer,
  { output, nowMs }: { readonly output: Pick<Output, 'width' | 'paint'>; readonly nowMs: number },
): readonly string[] {
  const chapter = <Row>(
    title: string,
    rows: readonly Row[],
    columns: readonly Column<Row>[],
  ): readonly string[] =>
    rows.length === 0 ? [] : ['', output.paint('strong', title), ...tableLines(rows, columns, output)];
  return [
    ...chapter('Networks that stand still (issuer resume NETWORK, where one is stopped)', networks, [
      { head: 'NETWORK', cell: (it) => it.network },
      { head: 'STATE', cell: (it) => it.state, tone: () => 'bad' },
      { head: 'SINCE', cell: (it) => momentText(it.since, nowMs) },
      { head: 'WHY', cell: (it) => it.why },
    ]),
    ...chapter('Lanes that do not sign', lanes, laneColumns(nowMs)),
    ...chapter('Transactions that are not mined, or not final, in time', transactions, [
      { head: 'NETWORK', cell: (it) => it.network },
      { head: 'ID', cell: (it) => it.id },
      { head: 'PHASE', cell: (it) => it.phase },
      { head: 'SINCE', cell: (it) => momentText(it.since, nowMs) },
      { head: 'LAST ERROR', cell: (it) => it.last_error?.message ?? null, tone: () => 'bad' },
    ]),
    ...chapter('Moves to another key that take long (issuer custody status)', moves, [
      { head: 'NETWORK', cell: (it) => it.network },
      { head: 'TO', cell: (it) => it.to },
      { head: 'PHASE', cell: (it) => it.phase },
      { head: 'SINCE', cell: (it) => momentText(it.since, nowMs) },
      { head: 'WAITS FOR', cell: (it) => it.waiting_for },
      { head: 'LAST ERROR', cell: (it) => it.last_error?.message ?? null, tone: () => 'bad' },
      {
        head: 'NEXT ATTEMPT',
        cell: (it) => (it.next_attempt_at === null ? null : momentText(it.next_attempt_at, nowMs)),
      },
    ]),
    ...chapter('Operations, the longest stuck first (issuer show ID)', operations, operationColumns(nowMs)),
  ].slice(1);
}
