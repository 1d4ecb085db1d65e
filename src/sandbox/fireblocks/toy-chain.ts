import { type Hex, keccak256, numberToHex } from 'viem';
import { RpcFailure } from '../../primitives/failures.ts';
import type { Chain } from './broadcaster.ts';

/** As little of a chain as a custodian needs, for tests without processes: what is sent is in a block at once. */
export interface ToyChain extends Chain {
  /** What was sent, oldest first. */
  readonly sent: readonly { readonly hash: Hex; readonly raw: Hex }[];
  /** Whether what is sent is mined. */
  setMining(on: boolean): void;
  /** The next requests with this method fail with this text; null: the node is not reachable. */
  fail(method: string, message: string | null): void;
}

export function createToyChain(chainId = 31_337): ToyChain {
  const sent: { hash: Hex; raw: Hex }[] = [];
  const blocks = new Map<Hex, number>();
  const failures: { method: string; message: string | null }[] = [];
  let isMining = true;
  const send = (raw: Hex): Hex => {
    const hash = keccak256(raw);
    sent.push({ hash, raw });
    if (isMining) blocks.set(hash, blocks.size + 1);
    return hash;
  };
  const receipt = (hash: Hex) => {
    const block = blocks.get(hash);
    return block === undefined
      ? null
      : { status: '0x1', blockNumber: numberToHex(block), blockHash: keccak256(numberToHex(block)) };
  };
  return {
    chainId,
    sent,
    setMining(on) {
      isMining = on;
    },
    fail: (method, message) => void failures.push({ method, message }),
    rpc(method, params = []) {
      const at = failures.findIndex((it) => it.method === method);
      const [failure] = at < 0 ? [] : failures.splice(at, 1);
      if (failure !== undefined) return Promise.reject(failureOf(failure));
      switch (method) {
        case 'eth_getTransactionCount':
          return Promise.resolve(numberToHex(sent.length));
        case 'eth_estimateGas':
          return Promise.resolve('0x5208');
        case 'eth_getBalance':
          return Promise.resolve('0xde0b6b3a7640000');
        case 'eth_blockNumber':
          return Promise.resolve(numberToHex(blocks.size));
        case 'eth_sendRawTransaction':
          return Promise.resolve(send(params[0] as Hex));
        case 'eth_getTransactionReceipt':
          return Promise.resolve(receipt(params[0] as Hex));
        case 'anvil_dropTransaction':
          return Promise.resolve(params[0]);
        default:
          return Promise.reject(failureOf({ method, message: `${method} is unknown` }));
      }
    },
  };
}

function failureOf({ method, message }: { readonly method: string; readonly message: string | null }) {
  return message === null
    ? new RpcFailure('connection refused', { kind: 'unreachable', method })
    : new RpcFailure(message, { kind: 'answered', method, rpcCode: -32_000 });
}
