import type { Command } from 'commander';
import { withExample } from './example.ts';
import { momentText } from './output/moments.ts';
import type { Column } from './output/table.ts';
import type { ActionOptions } from './service/act.ts';
import { act, actionOptions, printAnswer } from './service/act.ts';
import { printList } from './service/list.ts';
import type { ServiceOptions } from './service/service-command.ts';
import { serviceOptions, withService } from './service/service-command.ts';
import type { LaneAnswer } from './service/wire.ts';

export function addLaneCommands(program: Command): void {
  withExample(
    serviceOptions(
      program
        .command('lanes')
        .description('list every lane with its nonces, its balance, and what hinders it'),
    ),
    'issuer lanes',
  ).action(async (options: ServiceOptions) => {
    await withService(options, async (service) => {
      const page = (await service.api.call('GET', '/lanes')) as { items: readonly LaneAnswer[] };
      printList(service, page, laneColumns(service.nowMs), 'lanes: none was ever opened');
    });
  });

  withExample(
    serviceOptions(
      actionOptions(
        program
          .command('resume')
          .description(
            'take up a network that stopped, and its lane and vaults; what is not stopped stays as it is',
          )
          .argument('<network>', 'Alpaca’s name of it, e.g. base'),
        { dryRun: false },
      ),
    ),
    'issuer resume base --reason "the reorg was looked at: nothing of ours was in it"',
  ).action(async (network: string, options: ServiceOptions & ActionOptions) => {
    await withService(options, async (service) => {
      const path = `/networks/${encodeURIComponent(network)}/resume`;
      const resumed = (await act(service, path, options)) as Resumed;
      printAnswer(service, resumed, [describeResume(resumed)]);
    });
  });
}

interface Resumed {
  readonly network: string;
  readonly scan_resumed: boolean;
  readonly lane_resumed: boolean;
}

function describeResume(it: Resumed): string {
  const parts = [
    ...(it.scan_resumed ? ['its scan goes on'] : []),
    ...(it.lane_resumed ? ['its lane goes on'] : []),
  ];
  return `${it.network}: ${parts.length === 0 ? 'nothing was stopped' : parts.join(', ')}`;
}

/** The columns of every list of lanes. */
export function laneColumns(nowMs: number): readonly Column<LaneAnswer>[] {
  return [
    { head: 'NETWORK', cell: (it) => it.network },
    { head: 'SIGNER', cell: (it) => it.signer },
    { head: 'STATE', cell: (it) => it.state, tone: (it) => (it.state === 'open' ? 'good' : 'bad') },
    {
      head: 'NEXT NONCE',
      cell: (it) => (it.next_nonce === null ? null : String(it.next_nonce)),
      align: 'right',
    },
    {
      head: 'USED ON CHAIN',
      cell: (it) => (it.chain_nonce === null ? null : String(it.chain_nonce)),
      align: 'right',
    },
    { head: 'PENDING', cell: (it) => String(it.pending), align: 'right' },
    { head: 'NOT FINAL', cell: (it) => String(it.mined), align: 'right' },
    { head: 'BALANCE', cell: (it) => it.balance, align: 'right' },
    { head: 'SINCE', cell: (it) => momentText(it.since, nowMs) },
    { head: 'WHY', cell: (it) => it.why?.message ?? null, tone: () => 'bad' },
    {
      head: 'STOPPED VAULTS',
      cell: (it) => {
        const stopped = Object.entries(it.stopped_vaults).map(([vault, why]) => `${vault}: ${why}`);
        return stopped.length === 0 ? null : stopped.join('; ');
      },
      tone: () => 'bad',
    },
  ];
}
