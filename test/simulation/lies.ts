import type { Block } from './chain/chain.ts';
import { failed } from './chain/node.ts';
import type { SimulatedNetwork, World } from './world.ts';

interface Question {
  readonly network: SimulatedNetwork;
  readonly replica: number;
  readonly method: string;
  readonly params: readonly unknown[];
  readonly identity: string;
  readonly attempt: number;
}

/** What a node makes of a question that it could answer truly. */
export function lied(world: World, question: Question, truth: () => unknown): unknown {
  const { plan } = world;
  const { method, identity, attempt } = question;
  const happens = (kind: Parameters<typeof plan.happens>[0]): boolean =>
    plan.happens(kind, identity, attempt);
  switch (method) {
    case 'eth_getTransactionReceipt':
      return happens('rpc_null_receipt') ? null : truth();
    case 'eth_getLogs':
      return logs(world, question, truth);
    case 'eth_estimateGas':
      if (happens('rpc_estimate_reverts')) throw failed(method, 3, 'execution reverted', '0x');
      return truth();
    case 'eth_getTransactionCount': {
      // A node whose pool was emptied knows of nothing that waits.
      const [address, tag] = question.params;
      if (tag !== 'pending' || !happens('rpc_pending_back')) return truth();
      const head = question.network.chain.head();
      return `0x${(head.state.nonces.get(address as `0x${string}`) ?? 0).toString(16)}`;
    }
    case 'eth_sendRawTransaction':
      if (happens('rpc_send_refused')) throw failed(method, -32_000, refusal(world, question));
      return happens('rpc_other_hash') ? (truth(), `0x${'ab'.repeat(32)}`) : truth();
    default:
      return truth();
  }
}

const REFUSALS = [
  'nonce too low',
  'replacement transaction underpriced',
  'already known',
  'insufficient funds',
];

function refusal({ plan }: World, { identity, attempt }: Question): string {
  return REFUSALS[Math.floor(plan.fraction('refusal', identity, attempt) * REFUSALS.length)] ?? 'refused';
}

/**
 * Log queries that come back empty, short, doubled or out of order. Only one replica of a network lies about blocks
 * that are final, and only where another one tells the truth: nothing can be made of a chain about which all lie.
 */
function logs(world: World, question: Question, truth: () => unknown): unknown {
  const { plan } = world;
  const { network, replica, method, params, identity, attempt } = question;
  const happens = (kind: Parameters<typeof plan.happens>[0]): boolean =>
    plan.happens(kind, identity, attempt);
  const [{ fromBlock }] = params as [{ fromBlock: string }];
  const head: Block = network.chain.head();
  const isFresh = Number(fromBlock) > head.number - network.chain.finalDepth + 1;
  const mayLie = isFresh || (replica === 0 && network.spec.replicas > 1);
  if (happens('rpc_range_limit')) throw failed(method, -32_005, 'query returned more than 10000 results');
  if (mayLie && happens('rpc_no_logs')) return [];
  const found = truth() as readonly unknown[];
  if (mayLie && happens('rpc_some_logs')) return found.slice(0, Math.floor(found.length / 2));
  return happens('rpc_odd_logs') ? [...found, ...found].toReversed() : found;
}
