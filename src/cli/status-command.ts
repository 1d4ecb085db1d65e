import type { Command } from 'commander';
import { IssuerRefused } from '../sandbox/issuer-api.ts';
import { CommandFailed } from './command-failed.ts';
import { withExample } from './example.ts';
import type { Output } from './output/output.ts';
import type { Column } from './output/table.ts';
import { fieldLines, tableLines } from './output/table.ts';
import type { Service } from './service/service-command.ts';
import { withKeylessService } from './service/service-command.ts';
import type { ReadinessAnswer } from './service/wire.ts';

type NetworkReadiness = ReadinessAnswer['networks'][string];

/** What must be `ok` of a network; how it hears of new blocks is told and judged by nobody. */
const JUDGED = ['chain', 'scan', 'lane', 'signer'] as const;

export function addStatusCommand(program: Command): void {
  withExample(
    program
      .command('status')
      .description(
        'say whether the service is ready, and what is wrong; status 1 when anything is. Needs no key',
      )
      .option('--json', 'print the answer of the service as JSON'),
    'issuer status',
  ).action(async (options: { readonly json?: true }) => {
    await withKeylessService(options, printStatus);
  });
}

async function printStatus({ api, output, json }: Service): Promise<void> {
  const answer = await readReadiness(api);
  if (json) output.json(answer);
  else output.lines(statusLines(answer, api.url, output));
  if (!isFine(answer)) throw new CommandFailed(1);
}

/** The answer of a service that is not ready is a 503 with the same body. */
async function readReadiness(api: Service['api']): Promise<ReadinessAnswer> {
  try {
    return (await api.call('GET', '/ready')) as ReadinessAnswer;
  } catch (error) {
    if (!(error instanceof IssuerRefused) || error.status !== 503) throw error;
    const body = JSON.parse(error.body) as Partial<ReadinessAnswer>;
    if (body.networks === undefined) throw error;
    return body as ReadinessAnswer;
  }
}

export function isFine({ status, store, alpaca, networks }: ReadinessAnswer): boolean {
  const verdicts = Object.values(networks).flatMap((it) => JUDGED.map((name) => it[name]));
  return status === 'ready' && [store, alpaca, ...verdicts].every((it) => it === 'ok');
}

export function statusLines(
  answer: ReadinessAnswer,
  url: string,
  output: Pick<Output, 'width' | 'paint'>,
): readonly string[] {
  const toneOf = (verdict: string) => (verdict === 'ok' || verdict === 'ready' ? 'good' : 'bad');
  const networks = Object.entries(answer.networks);
  const judged = (
    head: string,
    of: (typeof JUDGED)[number],
  ): Column<readonly [string, NetworkReadiness]> => ({
    head,
    cell: ([, it]) => it[of],
    tone: ([, it]) => toneOf(it[of]),
  });
  return [
    `${output.paint('strong', url)}  ${output.paint(toneOf(answer.status), answer.status)}`,
    ...fieldLines(
      [
        ['store', answer.store, toneOf(answer.store)],
        ['alpaca', answer.alpaca, toneOf(answer.alpaca)],
      ],
      output,
    ),
    ...(networks.length === 0 ? [] : ['']),
    ...(networks.length === 0
      ? []
      : tableLines(
          networks,
          [
            { head: 'NETWORK', cell: ([name]) => name },
            judged('CHAIN', 'chain'),
            judged('SCAN', 'scan'),
            {
              head: 'BLOCKS BEHIND',
              cell: ([, it]) => (it.scan_lag_blocks === null ? null : String(it.scan_lag_blocks)),
              align: 'right',
            },
            judged('LANE', 'lane'),
            judged('SIGNER', 'signer'),
            { head: 'NEW BLOCKS', cell: ([, it]) => it.hints },
          ],
          output,
        )),
  ];
}
