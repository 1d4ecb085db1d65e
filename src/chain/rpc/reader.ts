import { type Hex, numberToHex } from 'viem';
import { invariant } from '../../primitives/failures.ts';
import type { RawLog } from '../raw-log.ts';
import {
  decodeArray,
  decodeBytes,
  decodeCount,
  decodeHash,
  decodeMembers,
  decodeQuantity,
  unusable,
} from './decode.ts';
import { decodeBlock, decodeLog, decodeReceipt, decodeTransaction } from './decode-entities.ts';
import type { BlockRef, BlockTag, CallRequest, LogFilter, RpcReader, RpcTransaction } from './types.ts';

/**
 * Sends one request and reads its result. What `decode` throws must come out as an `RpcFailure` of kind
 * `unreachable`.
 */
export type Ask = <T>(
  method: string,
  params: readonly unknown[],
  decode: (result: unknown) => T,
) => Promise<T>;

/** Creates the typed reads over one way of asking. Answers are also checked to be about what was asked. */
export function createReader(ask: Ask): RpcReader {
  const quantity = (method: string, ...params: readonly unknown[]) =>
    ask(method, params, (result) => decodeQuantity(result, method));
  return {
    ...createBlockReads(ask),
    blockNumber: () => quantity('eth_blockNumber'),
    getTransactionReceipt: (hash) =>
      ask('eth_getTransactionReceipt', [hash], (result) => {
        if (result === null) return null;
        const receipt = decodeReceipt(result);
        expectSame('receipt.transactionHash', hash.toLowerCase(), receipt.transactionHash);
        return receipt;
      }),
    getTransaction: (hash) =>
      ask('eth_getTransactionByHash', [hash], (result) => {
        if (result === null) return null;
        const transaction = decodeTransaction(result);
        expectSame('transaction.hash', hash.toLowerCase(), transaction.hash);
        return transaction;
      }),
    getTransactionCount: (address, at) =>
      ask('eth_getTransactionCount', [address, blockParameter(at)], (result) => decodeCount(result, 'nonce')),
    getBalance: (address, at = 'latest') => quantity('eth_getBalance', address, blockParameter(at)),
    getCode: (address, at = 'latest') =>
      ask('eth_getCode', [address, blockParameter(at)], (result) => decodeBytes(result, 'code')),
    call: (request) =>
      ask('eth_call', [callParameter(request), blockParameter(request.block ?? 'latest')], (result) =>
        decodeBytes(result, 'call result'),
      ),
    estimateGas: (request) => {
      const at = request.block === undefined ? [] : [blockParameter(request.block)];
      return quantity('eth_estimateGas', callParameter(request), ...at);
    },
    async getLogs(filter) {
      // An empty list would mean every contract of the chain.
      invariant(filter.addresses.length > 0, 'a log query names at least one address');
      return ask('eth_getLogs', [logParameter(filter)], (result) => decodeLogs(result, filter));
    },
    maxPriorityFeePerGas: () => quantity('eth_maxPriorityFeePerGas'),
    gasPrice: () => quantity('eth_gasPrice'),
  };
}

function createBlockReads(ask: Ask): Pick<RpcReader, 'getBlock' | 'getPendingTransactions'> {
  type At = bigint | Exclude<BlockTag, 'pending'>;
  const readBlock = <T extends Hex | RpcTransaction>(at: At, whole: boolean, entry: (value: unknown) => T) =>
    ask('eth_getBlockByNumber', [blockParameter(at), whole], (result) => {
      if (result === null) return null;
      const block = decodeBlock(result, entry);
      if (typeof at === 'bigint') expectSame('block.number', at, block.number);
      return block;
    });
  const readHash = (value: unknown) => decodeHash(value, 'block.transactions');
  return {
    getBlock: ((at: At, options?: { readonly transactions: boolean }) =>
      options?.transactions === true
        ? readBlock(at, true, decodeTransaction)
        : readBlock(at, false, readHash)) as RpcReader['getBlock'],
    getPendingTransactions: () =>
      ask('eth_getBlockByNumber', ['pending', true], (result) => {
        if (result === null) return null;
        const block = decodeMembers(result, 'pending block');
        const entries = decodeArray(block['transactions'], 'pending block.transactions');
        return entries.map((entry) => decodeTransaction(entry));
      }),
  };
}

function decodeLogs(result: unknown, filter: LogFilter): readonly RawLog[] {
  const logs = decodeArray(result, 'logs').map((log) => decodeLog(log));
  const addresses = new Set<string>(filter.addresses.map((address) => address.toLowerCase()));
  for (const log of logs) {
    if (!addresses.has(log.address)) throw unusable('log.address', 'one of those asked for', log.address);
    const inBlocks =
      'blockHash' in filter
        ? log.blockHash === filter.blockHash.toLowerCase()
        : log.blockNumber >= filter.fromBlock && log.blockNumber <= filter.toBlock;
    if (!inBlocks) throw unusable('log.blockNumber', 'in the blocks asked for', String(log.blockNumber));
  }
  return logs;
}

function expectSame(what: string, expected: string | bigint, got: string | bigint): void {
  if (got !== expected) throw unusable(what, String(expected), String(got));
}

function blockParameter(at: BlockRef): string {
  return typeof at === 'bigint' ? numberToHex(at) : at;
}

function callParameter({ from, to, data, gas, value }: CallRequest): Readonly<Record<string, string>> {
  return {
    to,
    data,
    ...(from === undefined ? {} : { from }),
    ...(gas === undefined ? {} : { gas: numberToHex(gas) }),
    ...(value === undefined ? {} : { value: numberToHex(value) }),
  };
}

function logParameter(filter: LogFilter): Readonly<Record<string, unknown>> {
  const { addresses, topics } = filter;
  const blocks =
    'blockHash' in filter
      ? { blockHash: filter.blockHash }
      : { fromBlock: numberToHex(filter.fromBlock), toBlock: numberToHex(filter.toBlock) };
  return { address: addresses, topics, ...blocks };
}
