import type { Command } from 'commander';
import { IssuanceError } from '../primitives/failures.ts';
import { IssuerRefused } from '../sandbox/issuer-api.ts';
import { withExample } from './example.ts';
import { pointOptions, pointQuery, tellPoint } from './service/point.ts';
import type { PointOptions } from './service/point.ts';
import type { Service, ServiceOptions } from './service/service-command.ts';
import { queryText, serviceOptions, withService } from './service/service-command.ts';
import type { EventAnswer, OperationAnswer, TransactionAnswer } from './service/wire.ts';
import { operationLines } from './show-operation.ts';

type Options = ServiceOptions & PointOptions;

export function addShowCommand(program: Command): void {
  const command = program
    .command('show')
    .description('show one operation: what it is, what happened, its transactions, its calls with Alpaca')
    .argument('<id>', 'its id, Alpaca’s id of it, or the hash of a transaction of it');
  withExample(
    serviceOptions(pointOptions(command)),
    'issuer show 8f6a3c1e-2b1d-5c55-9a52-6f1f0f0a7c11',
    'issuer show 8f6a3c1e-2b1d-5c55-9a52-6f1f0f0a7c11 --at "2026-11-25 03:10"',
  ).action(async (id: string, options: Options) => {
    await withService(options, (service) => show(service, id, options));
  });
}

async function show(service: Service, given: string, options: Options): Promise<void> {
  const { api, output, json } = service;
  const then = queryText(pointQuery(options));
  const operation = await find(service, given, then);
  const path = `/operations/${encodeURIComponent(operation.id)}`;
  const events = (await api.call('GET', `${path}/events`)) as readonly EventAnswer[];
  const transactions = (await api.call('GET', `${path}/transactions${then}`)) as readonly TransactionAnswer[];
  // Its version counts its events.
  const shown = { operation, events: events.filter((it) => it.version <= operation.version), transactions };
  if (json) {
    output.json(shown);
    return;
  }
  tellPoint(service, options);
  output.lines(operationLines(shown, service));
}

/** By our id; where there is none, by an id that Alpaca or the chain knows it by. */
async function find({ api }: Service, given: string, then: string): Promise<OperationAnswer> {
  const get = async (id: string): Promise<OperationAnswer> =>
    (await api.call('GET', `/operations/${encodeURIComponent(id)}${then}`)) as OperationAnswer;
  const isHash = /^0x[0-9a-f]{64}$/i.test(given);
  try {
    if (!isHash) return await get(given);
  } catch (error) {
    if (!(error instanceof IssuerRefused) || error.status !== 404) throw error;
    const { items } = await lookUp(api, { tokenization_request_id: given });
    const [only] = items;
    // The first answer says best what is wrong: no such id, or none yet at that moment.
    if (only === undefined || items.length > 1) throw error;
    return get(only.id);
  }
  const { items } = await lookUp(api, { tx_hash: given });
  const [only, ...others] = items;
  if (only === undefined) {
    throw new IssuanceError('operation_unknown', `no operation has the transaction ${given}`);
  }
  if (others.length > 0) {
    const ids = items.map((it) => it.id).join('\n  ');
    throw new IssuanceError(
      'operation_ambiguous',
      `${String(items.length)} operations share the transaction ${given}; show one of\n  ${ids}`,
    );
  }
  return get(only.id);
}

async function lookUp(
  api: Service['api'],
  query: Readonly<Record<string, string>>,
): Promise<{ readonly items: readonly OperationAnswer[] }> {
  return (await api.call('GET', `/operations${queryText(query)}`)) as { items: readonly OperationAnswer[] };
}
