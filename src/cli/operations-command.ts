import type { Command } from 'commander';
import { Option } from 'commander';
import { withExample } from './example.ts';
import { limitOption, printList, readPages } from './service/list.ts';
import { operationColumns } from './service/operation-columns.ts';
import { pointOptions, pointQuery, tellPoint } from './service/point.ts';
import type { PointOptions } from './service/point.ts';
import type { ServiceOptions } from './service/service-command.ts';
import { serviceOptions, withService } from './service/service-command.ts';
import type { OperationAnswer } from './service/wire.ts';

interface Options extends ServiceOptions, PointOptions {
  readonly kind?: string;
  readonly state?: string;
  readonly underlying?: string;
  readonly network?: string;
  readonly account?: string;
  readonly txHash?: string;
  readonly tokenizationRequestId?: string;
  readonly stuck?: true;
  readonly limit: number;
}

export function addOperationsCommand(program: Command): void {
  const command = program
    .command('operations')
    .description('list mints and redemptions, newest first; every filter that is given must hold')
    .addOption(
      new Option('--kind <kind>', 'of this kind').choices(['mint', 'redemption', 'refund', 'transfer']),
    )
    .option('--state <state>', 'in this state, e.g. journaled, held, completed')
    .option('--underlying <symbol>', 'of this share')
    .option('--network <network>', 'on this network')
    .option('--account <client-id>', 'of this authorized participant, by our id')
    .option('--tx-hash <hash>', 'with this transaction: the incoming transfer, the mint, or a burn')
    .option('--tokenization-request-id <id>', 'with this id at Alpaca')
    .option('--stuck', 'only those past the bound of their state, the longest stuck first');
  withExample(
    serviceOptions(limitOption(pointOptions(command, 'those that were open, as they were'))),
    'issuer operations --kind redemption --state held',
    'issuer operations --stuck --json',
  ).action(listOperations);
}

async function listOperations(options: Options): Promise<void> {
  await withService(options, async (service) => {
    const query = {
      kind: options.kind,
      state: options.state,
      underlying: options.underlying,
      network: options.network,
      client_id: options.account,
      tx_hash: options.txHash,
      tokenization_request_id: options.tokenizationRequestId,
      stuck: options.stuck === true ? 'true' : undefined,
      ...pointQuery(options),
    };
    tellPoint(service, options, 'they were, those that were open');
    const page = await readPages<OperationAnswer>(service, '/operations', query, options.limit);
    printList(service, page, operationColumns(service.nowMs), 'operations');
  });
}
