import type { Hex } from 'viem';
import { RpcFailure } from '../../primitives/failures.ts';

/** EIP-1474 "limit exceeded": some mean the rate of requests by it, others the size of a log query. */
const LIMIT_EXCEEDED = -32_005;
/** geth's code of a revert, and Nethermind's and OpenEthereum's "VM execution error". */
const REVERT_CODES: ReadonlySet<number | null> = new Set([3, -32_015]);

const RATE_TEXTS = [
  /rate.?limit|too many requests|requests? per second|daily request|request limit|quota/i,
  /throughput|capacity exceeded|compute units per second/i,
];

const RANGE_TEXTS = [
  // Infura, geth forks, Reth, Arbitrum: too many results.
  /returned more than|exceeds? max results|too many (results|logs|events)|logs? matched by query exceeds/i,
  // Alchemy, op proxyd, jsonrpsee: too many bytes.
  /response (size|body|is|too)[^.]*(exceed|large|big|greater)/i,
  // BSC, Reth, QuickNode, Ankr, Cronos, Alchemy: too many blocks.
  /block range|blocks? distance|number of requested blocks|exceeds?[^.]{0,40}range/i,
  /(range|blocks)[^.]{0,40}(too (large|wide|big)|exceed|limit)/i,
  /(limited|up) to (an? )?\d[\d,. k-]*(range|blocks?)/i,
  // Nodes that give up on a heavy query.
  /query (timeout|timed out|execution (was interrupted|exceeded))/i,
];

/** The node asks for a pause, or failed on its own side: another one may serve, and nothing is known. */
export function isBusy(failure: RpcFailure): boolean {
  if (failure.httpStatus === 429 || failure.rpcCode === 429) return true;
  if (isExecutionRevert(failure) || isRangeLimitError(failure)) return false;
  if (failure.httpStatus !== null && failure.httpStatus >= 500) return true;
  return failure.kind === 'answered' && matches(RATE_TEXTS, failure);
}

/**
 * True when a node refused `eth_getLogs` for the size of its range or answer, in the words of the known
 * vendors: a smaller range may pass. A refusal for the rate of requests is none.
 */
export function isRangeLimitError(error: unknown): boolean {
  if (!(error instanceof RpcFailure) || error.method !== 'eth_getLogs') return false;
  // "Content too large": the proxy in front of the node would not carry the answer.
  if (error.httpStatus === 413) return true;
  if (error.rpcCode === null || error.httpStatus === 429 || matches(RATE_TEXTS, error)) return false;
  return error.rpcCode === LIMIT_EXCEEDED || matches(RANGE_TEXTS, error);
}

/** True when the EVM refused: the call ran and reverted, so every honest node would say the same. */
export function isExecutionRevert(error: unknown): boolean {
  if (!(error instanceof RpcFailure) || error.rpcCode === null || error.httpStatus === 429) return false;
  return REVERT_CODES.has(error.rpcCode) || /\brevert(ed)?\b/i.test(error.message);
}

/**
 * The bytes that a reverted call returned, from the places where nodes put them; null when none were given.
 * Decode them with the ABIs of the vault and of its authorizer.
 */
export function revertData(error: unknown): Hex | null {
  return error instanceof RpcFailure ? findBytes(error.data, 3) : null;
}

function matches(texts: readonly RegExp[], failure: RpcFailure): boolean {
  return texts.some((text) => text.test(failure.message));
}

function findBytes(value: unknown, depth: number): Hex | null {
  if (typeof value === 'string') {
    // Nethermind and OpenEthereum write "Reverted 0x…".
    const bytes = /^(?:reverted )?(0x(?:[0-9a-f]{2})*)$/i.exec(value)?.[1];
    return bytes === undefined ? null : (bytes.toLowerCase() as Hex);
  }
  if (typeof value !== 'object' || value === null || depth === 0) return null;
  const { data, originalError } = value as { readonly data?: unknown; readonly originalError?: unknown };
  return findBytes(data, depth - 1) ?? findBytes(originalError, depth - 1);
}
