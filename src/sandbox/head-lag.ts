/** Parameters that name a block by tag or height, by their position in each method. */
const BLOCK_PARAMETER: Readonly<Record<string, number>> = {
  eth_getBlockByNumber: 0,
  eth_getBalance: 1,
  eth_getCode: 1,
  eth_getTransactionCount: 1,
  eth_call: 1,
  eth_estimateGas: 1,
};

/** Makes answers look like those of a node whose head is some blocks behind. */
export interface HeadLag {
  set(blocks: number): void;
  adjustParams(method: string, params: readonly unknown[]): Promise<readonly unknown[]>;
  adjustResult(method: string, result: unknown): Promise<unknown>;
}

type Members = Readonly<Record<string, unknown>>;

/** Creates the lag, none at first. `ask` reads the true chain. */
export function createHeadLag(
  ask: (method: string, params: readonly unknown[]) => Promise<unknown>,
): HeadLag {
  let blocks = 0n;
  const head = async () => {
    const lagged = BigInt(String(await ask('eth_blockNumber', []))) - blocks;
    return lagged < 0n ? 0n : lagged;
  };
  return {
    set(count) {
      blocks = BigInt(count);
    },
    async adjustParams(method, params) {
      const position = BLOCK_PARAMETER[method];
      if (blocks === 0n || position === undefined) return params;
      const at = params[position] ?? 'latest';
      if (at !== 'latest' && at !== 'pending') return params;
      // The block may be left out, and then stands for the latest too.
      return [...params.slice(0, position), hex(await head()), ...params.slice(position + 1)];
    },
    async adjustResult(method, result) {
      if (blocks === 0n) return result;
      const highest = await head();
      switch (method) {
        case 'eth_blockNumber':
          return hex(highest);
        case 'eth_getTransactionReceipt':
          return isAbove(result, 'blockNumber', highest) ? null : result;
        case 'eth_getBlockByNumber':
        case 'eth_getBlockByHash':
          return isAbove(result, 'number', highest) ? null : result;
        case 'eth_getTransactionByHash':
          return isAbove(result, 'blockNumber', highest)
            ? { ...(result as Members), blockNumber: null, blockHash: null, transactionIndex: null }
            : result;
        case 'eth_getLogs':
          return Array.isArray(result)
            ? result.filter((log: unknown) => !isAbove(log, 'blockNumber', highest))
            : result;
        default:
          return result;
      }
    },
  };
}

function isAbove(value: unknown, member: string, highest: bigint): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const number = (value as Members)[member];
  return typeof number === 'string' && BigInt(number) > highest;
}

function hex(number: bigint): string {
  return `0x${number.toString(16)}`;
}
