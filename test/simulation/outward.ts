import type { HttpRequest, HttpResponse, RpcTransport } from '../../src/ports/ports.ts';
import { HttpFailure, RpcFailure } from '../../src/primitives/failures.ts';
import { quirks } from '../../src/sandbox/alpaca/quirks.ts';
import type { Hex } from 'viem';
import { keccak256 } from 'viem';
import { hashText } from './chance.ts';
import { answer, failed } from './chain/node.ts';
import type { Process, ProcessEvents } from './process.ts';
import { lied } from './lies.ts';
import type { SimulatedNetwork, World } from './world.ts';
import { exchange } from './wire.ts';

/** What the service asks of others. */

type RpcRequest = Parameters<RpcTransport>[0];

/** One JSON-RPC request to one simulated node. */
export function callNode(
  world: World,
  process: Process,
  events: ProcessEvents,
  request: RpcRequest,
): Promise<unknown> {
  const { plan } = world;
  const { url, method, params, timeoutMs } = request;
  const { network, replica } = nodeOf(world, url);
  const asked = JSON.stringify(params);
  const identity = `${url}/${method}/${asked.length > 200 ? hashText(asked).join('-') : asked}`;
  const attempt = plan.attempt(identity);
  const what = `${network.place.network}-${String(replica)} ${method}`;
  return exchange(world, {
    what: `${process.name} ${what}`,
    identity,
    attempt,
    life: process,
    timeoutMs,
    lostRequest: 'rpc_lost_request',
    lostAnswer: 'rpc_lost_answer',
    latencyMs: 60,
    failure: (why) => new RpcFailure(`${method}: ${why}`, { kind: 'unreachable', method }),
    atCrashPoint: (phase) => events.atCrashPoint(process, `rpc ${method}`, identity, phase),
    act() {
      const now = world.scheduler.nowMs();
      // Outages last: a whole slice of time is without this node.
      if (plan.happens('rpc_outage', `${url}/${String(Math.floor(now / 9_000))}`)) {
        throw new RpcFailure(`${method}: connection refused`, { kind: 'unreachable', method });
      }
      if (plan.happens('rpc_busy', identity, attempt)) {
        throw new RpcFailure(`${method}: too many requests`, {
          kind: 'unreachable',
          method,
          httpStatus: 429,
        });
      }
      if (method === 'eth_sendRawTransaction')
        void requireCommitted(world, process, network.place.chainId, params);
      if (method === 'eth_chainId' && plan.happens('rpc_wrong_chain', identity, attempt)) return '0x7a69';
      return lied(world, { network, replica, method, params, identity, attempt }, () =>
        answer(network.chain, headOf(world, network, replica), method, params),
      );
    },
  });
}

/** 1: no byte that was signed leaves before it is on disk. */
async function requireCommitted(
  world: World,
  process: Process,
  chainId: number,
  [raw]: readonly unknown[],
): Promise<void> {
  if (!process.alive) return;
  const hash = keccak256(raw as Hex);
  const where = { chain_id: chainId, hash };
  const rows = await process.store?.find({ table: 'transaction_hash', where, limit: 1 });
  if (process.alive && rows?.length === 0)
    world.complaints.push(`1: ${hash} was sent before it was committed`);
}

function nodeOf(world: World, url: string): { readonly network: SimulatedNetwork; readonly replica: number } {
  const [, name, index] = /^http:\/\/(\w+)-(\d+)\.sim$/.exec(url) ?? [];
  const network = world.networks.find((it) => it.place.network === name);
  if (network === undefined) throw failed('any', -32_000, `no node at ${url}`);
  return { network, replica: Number(index) };
}

/** Nodes lag by some seconds, each by its own and not always the same. */
function headOf(world: World, network: SimulatedNetwork, replica: number) {
  const { plan, scheduler } = world;
  const slice = `${network.place.network}/${String(replica)}/${String(Math.floor(scheduler.nowMs() / 12_000))}`;
  const lagMs = plan.happens('rpc_stale', slice) ? Math.floor(plan.fraction('lag', slice) * 14_000) : 0;
  return network.chain.headAgo(lagMs);
}

/** One call of the service to Alpaca. */
export function callAlpaca(
  world: World,
  process: Process,
  events: ProcessEvents,
  request: HttpRequest,
): Promise<HttpResponse> {
  const { plan } = world;
  const { pathname, search } = new URL(request.url);
  const path = pathname.replace(/^.*\/tokenization/, '');
  const identity = `${request.method} ${path}${search} ${request.body ?? ''}`;
  const attempt = plan.attempt(identity);
  return exchange(world, {
    what: `${process.name} ${request.method} ${path}`,
    identity,
    attempt,
    life: process,
    timeoutMs: request.timeoutMs,
    lostRequest: 'alpaca_lost_request',
    lostAnswer: 'alpaca_lost_answer',
    latencyMs: 300,
    failure: (why, timedOut) => new HttpFailure(`${request.method}: ${why}`, { timedOut }),
    atCrashPoint: (phase) =>
      events.atCrashPoint(process, `alpaca ${request.method} ${named(path)}`, identity, phase),
    async act() {
      if (plan.happens('alpaca_error', identity, attempt)) {
        return { status: 503, headers: {}, body: '{"message":"service unavailable"}' };
      }
      if (plan.happens('alpaca_busy', identity, attempt)) {
        return { status: 429, headers: { 'retry-after': '7' }, body: '{"message":"too many requests"}' };
      }
      if (path === '/callback/mint') requireMined(world, request.body ?? '');
      const isLookup = request.method === 'GET';
      if (isLookup && plan.happens('alpaca_hidden', identity, attempt)) {
        return { status: 404, headers: {}, body: '{"code":40410000,"message":"not found"}' };
      }
      const leave = world.scheduler.enter();
      try {
        return altered(world, identity, attempt, await world.alpaca.exchange(request));
      } finally {
        leave();
      }
    },
  });
}

/** A node may show an old block for so long; what is gone for longer, every honest node has forgotten. */
const GRACE_MS = 1_200;

/** 2: Alpaca is told of no transaction that a reorg took away, unless nodes were behind at the moment. */
function requireMined(world: World, body: string): void {
  if (world.spec.rates.rpc_stale !== undefined) return;
  const { tx_hash: hash } = JSON.parse(body) as { tx_hash: Hex };
  const goneMs = world.networks.map(({ chain }) => chain.goneMs(hash)).find((it) => it !== null) ?? 0;
  if (goneMs > GRACE_MS) world.complaints.push(`2: Alpaca is told of ${hash}, gone for ${String(goneMs)} ms`);
}

function named(path: string): string {
  return path.replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'ID');
}

/** Those that a correct issuer bears without a person. */
const HARMLESS = [
  quirks.txHashEmpty,
  quirks.txHashNull,
  quirks.txHashAbsent,
  quirks.tokenSymbolEmpty,
  quirks.networkAbsent,
  quirks.typeAbsent,
  quirks.walletAddressAbsent,
  quirks.feesZero,
  quirks.feesNull,
  quirks.feesAbsent,
  quirks.unknownStatus,
] as const;

function altered(world: World, identity: string, attempt: number, response: HttpResponse): HttpResponse {
  const { plan } = world;
  if (response.status >= 300) return response;
  if (plan.happens('alpaca_unreadable', identity, attempt)) return { ...response, body: '<html>OK</html>' };
  if (!plan.happens('alpaca_quirk', identity, attempt)) return response;
  const chosen = HARMLESS[Math.floor(plan.fraction('quirk', identity, attempt) * HARMLESS.length)];
  const body: unknown = response.body === '' ? null : JSON.parse(response.body);
  return chosen === undefined ? response : { ...response, body: JSON.stringify(chosen(body)) };
}
