import type { FastifyInstance, FastifyRequest } from 'fastify';
import { parseEther } from 'viem';
import { duplicate, ok, refusal } from './answer.ts';
import type { Answer, CUT } from './answer.ts';
import { type CreateRequest, createRequestSchema } from './create-request.ts';
import { listTransactions } from './list.ts';
import type { Call } from './plan.ts';
import { isEnded, onWire } from './record.ts';
import type { TransactionRecord } from './record.ts';
import type { Give } from './simulated-fireblocks.ts';
import type { Workspace } from './workspace.ts';

const NOT_FOUND = refusal(404, 'Transaction not found');
/** Once it has one of these, it can no longer be cancelled. */
const ON_ITS_WAY = new Set(['BROADCASTING', 'CONFIRMING', 'COMPLETED']);

/** Routes on transactions, as the API's `TransactionsApi` has them. */
export function serveTransactions(
  app: FastifyInstance,
  workspace: Workspace,
  { give, baseUrl }: { readonly give: Give; readonly baseUrl: () => string },
): void {
  const { progress } = workspace;
  const told = async (record: TransactionRecord | null): Promise<Answer> => {
    if (record === null) return NOT_FOUND;
    await progress.ask(record);
    return ok(onWire(record));
  };
  app.post('/v1/transactions', (request, reply) => give(reply, create(workspace, request.body)));
  app.get('/v1/transactions', async (request, reply) =>
    give(
      reply,
      await listTransactions({
        records: workspace.records,
        parameters: new URL(request.url, baseUrl()).searchParams,
        nowMs: workspace.nowMs(),
        url: `${baseUrl()}/transactions`,
        ask: (record) => progress.ask(record),
      }),
    ),
  );
  app.get('/v1/transactions/external_tx_id/:id', async (request, reply) =>
    give(reply, await told(workspace.byExternalId(idOf(request)))),
  );
  app.get('/v1/transactions/:id', async (request, reply) =>
    give(reply, await told(workspace.byId(idOf(request)))),
  );
  app.post('/v1/transactions/:id/cancel', (request, reply) => {
    const record = workspace.byId(idOf(request));
    if (record === null) return give(reply, NOT_FOUND);
    const isTooLate = isEnded(record) || ON_ITS_WAY.has(record.status) || record.versions.length > 0;
    if (isTooLate) return give(reply, refusal(400, `a transaction in ${record.status} cannot be cancelled`));
    progress.end(record, 'CANCELLED', 'CANCELLED_BY_USER');
    return give(reply, ok({ success: true }));
  });
}

function idOf(request: FastifyRequest): string {
  return (request.params as { readonly id: string }).id;
}

function create(workspace: Workspace, body: unknown): Answer | typeof CUT {
  const read = createRequestSchema.safeParse(json(body));
  if (!read.success) return refusal(400, `the request is not well-formed: ${read.error.message}`);
  const request = read.data;
  if (workspace.hasExternalId(request.externalTxId)) return duplicate(workspace.duplicateForm());
  if (request.source.id !== workspace.vaultAccountId) {
    return refusal(404, `Vault account ${request.source.id} was not found`, 1004);
  }
  if (workspace.chain(request.assetId) === null) {
    const message = `The asset '${request.assetId}' is not supported by Fireblocks`;
    return refusal(400, `${message}, please check the supported assets endpoint.`, 1503);
  }
  const call = callOf(workspace, request);
  if (call === null) {
    return refusal(
      400,
      `no approved ${request.destination.type} ${request.destination.id} for ${request.assetId}`,
    );
  }
  const behaviour = workspace.nextBehaviour();
  const isCreated = typeof behaviour.answer !== 'object' || behaviour.isCreated === true;
  if (!isCreated) return behaviour.answer;
  const record = workspace.open(request, call, behaviour);
  const usual = ok({ id: record.id, status: record.status });
  // It goes on by itself, whether somebody asks or not.
  void workspace.progress.start(record);
  return behaviour.answer ?? usual;
}

/** What it does on chain; null where it goes to nobody who is known and approved. */
function callOf(workspace: Workspace, request: CreateRequest): Call | null {
  const value = parseEther(request.amount);
  if (request.operation === 'TRANSFER') {
    const isOurs = request.destination.id === workspace.vaultAccountId;
    return isOurs ? { to: workspace.address, data: '0x', value } : null;
  }
  const contract = workspace.whitelist.find(request.destination.id);
  const asset = contract?.assets.find((it) => it.id === request.assetId && it.status === 'APPROVED');
  const { contractCallData } = request.extraParameters;
  const data = `0x${contractCallData.replace(/^0x/, '')}` as const;
  return asset === undefined ? null : { to: asset.address, data, value };
}

function json(body: unknown): unknown {
  try {
    return body instanceof Buffer ? JSON.parse(body.toString('utf8')) : undefined;
  } catch {
    // Not JSON: the schema refuses it.
    return undefined;
  }
}
