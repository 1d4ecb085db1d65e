import type { Hex } from 'viem';
import type { RawLog } from '../raw-log.ts';
import {
  decodeAddress,
  decodeArray,
  decodeBytes,
  decodeCount,
  decodeHash,
  decodeMembers,
  decodeNullable,
  decodeQuantity,
  unusable,
} from './decode.ts';
import type { RpcBlock, RpcTransaction, TransactionReceipt } from './types.ts';

/** Reads one log of a mined transaction; one that waits (no block yet) is unusable. */
export function decodeLog(value: unknown): RawLog {
  const log = decodeMembers(value, 'log');
  const { removed } = log;
  // Absent in the answers of some nodes to a query, where only standing logs are listed.
  if (removed !== undefined && typeof removed !== 'boolean')
    throw unusable('log.removed', 'a boolean', removed);
  return {
    address: decodeAddress(log['address'], 'log.address'),
    topics: decodeArray(log['topics'], 'log.topics').map((topic) => decodeHash(topic, 'log.topics')),
    data: decodeBytes(log['data'], 'log.data'),
    blockNumber: decodeQuantity(log['blockNumber'], 'log.blockNumber'),
    blockHash: decodeHash(log['blockHash'], 'log.blockHash'),
    transactionHash: decodeHash(log['transactionHash'], 'log.transactionHash'),
    transactionIndex: decodeCount(log['transactionIndex'], 'log.transactionIndex'),
    logIndex: decodeCount(log['logIndex'], 'log.logIndex'),
    removed: removed ?? false,
  };
}

export function decodeTransaction(value: unknown): RpcTransaction {
  const transaction = decodeMembers(value, 'transaction');
  return {
    hash: decodeHash(transaction['hash'], 'transaction.hash'),
    from: decodeAddress(transaction['from'], 'transaction.from'),
    to: decodeNullable(transaction['to'], 'transaction.to', decodeAddress),
    nonce: decodeCount(transaction['nonce'], 'transaction.nonce'),
    input: decodeBytes(transaction['input'] ?? transaction['data'], 'transaction.input'),
    value: decodeQuantity(transaction['value'], 'transaction.value'),
    blockNumber: decodeNullable(transaction['blockNumber'], 'transaction.blockNumber', decodeQuantity),
    blockHash: decodeNullable(transaction['blockHash'], 'transaction.blockHash', decodeHash),
  };
}

/** Reads a receipt and checks that it is one: its logs belong to its transaction and block. */
export function decodeReceipt(value: unknown): TransactionReceipt {
  const receipt = decodeMembers(value, 'receipt');
  const status = decodeQuantity(receipt['status'], 'receipt.status');
  if (status !== 0n && status !== 1n) throw unusable('receipt.status', '0 or 1', receipt['status']);
  const transactionHash = decodeHash(receipt['transactionHash'], 'receipt.transactionHash');
  const blockHash = decodeHash(receipt['blockHash'], 'receipt.blockHash');
  const logs = decodeArray(receipt['logs'], 'receipt.logs').map((log) => decodeLog(log));
  for (const log of logs) {
    if (log.transactionHash !== transactionHash || log.blockHash !== blockHash) {
      throw unusable('receipt.logs', `logs of ${transactionHash} in ${blockHash}`, log.transactionHash);
    }
  }
  return {
    transactionHash,
    status: status === 1n ? 1 : 0,
    blockNumber: decodeQuantity(receipt['blockNumber'], 'receipt.blockNumber'),
    blockHash,
    gasUsed: decodeQuantity(receipt['gasUsed'], 'receipt.gasUsed'),
    effectiveGasPrice: decodeQuantity(receipt['effectiveGasPrice'], 'receipt.effectiveGasPrice'),
    from: decodeAddress(receipt['from'], 'receipt.from'),
    to: decodeNullable(receipt['to'], 'receipt.to', decodeAddress),
    logs,
  };
}

/** Reads a sealed block; `decodeEntry` reads its transactions. */
export function decodeBlock<T extends Hex | RpcTransaction>(
  value: unknown,
  decodeEntry: (value: unknown) => T,
): RpcBlock<T> {
  const block = decodeMembers(value, 'block');
  return {
    number: decodeQuantity(block['number'], 'block.number'),
    hash: decodeHash(block['hash'], 'block.hash'),
    parentHash: decodeHash(block['parentHash'], 'block.parentHash'),
    timestamp: decodeQuantity(block['timestamp'], 'block.timestamp'),
    baseFeePerGas: decodeNullable(block['baseFeePerGas'], 'block.baseFeePerGas', decodeQuantity),
    gasLimit: decodeQuantity(block['gasLimit'], 'block.gasLimit'),
    gasUsed: decodeQuantity(block['gasUsed'], 'block.gasUsed'),
    transactions: decodeArray(block['transactions'], 'block.transactions').map((entry) => decodeEntry(entry)),
  };
}
