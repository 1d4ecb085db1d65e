import { hexToBigInt, isHex, numberToHex } from 'viem';
import { RpcFailure } from '../../primitives/failures.ts';
import type { Log } from '../../telemetry/log.ts';
import { type BlockPoint, confirmedHead, finalBlock, type FinalitySetting } from '../finality.ts';
import { arrivalsFilter } from '../../vault/filters.ts';
import { isRangeLimitError } from '../rpc/failure-kinds.ts';
import type { PinnedRpc, RpcClient } from '../rpc/types.ts';
import type { CheckCursors } from './canonical.ts';
import type { ChunkSize } from './chunk-size.ts';
import { type Cursors, lowestBlock, type Pass, readCursors, splitByLag } from './cursors.ts';
import type { LoadedNetwork, NetworkState, Rescan, WatchTask } from './network.ts';
import { takeIn, type TakeInContext } from './take-in.ts';
import type { WatchedVault } from './types.ts';

/** What one step of a task found. */
export interface Found {
  readonly logs: number;
  /** There is more to read at once. */
  readonly more: boolean;
  /** Blocks that were taken in are gone: the network must stop. */
  readonly replaced: { readonly why: string; readonly rescan: Rescan } | null;
}

type OpenNetwork = Extract<NetworkState, { kind: 'open' }>;
type RunTask = (network: LoadedNetwork, state: OpenNetwork) => Promise<Found>;

export interface Passes extends Readonly<Record<WatchTask, RunTask>> {
  /**
   * Whether anything arrived in a wallet of ours past what was taken in, by one request. It decides nothing:
   * true means that the head task should read. True also when the node refuses the question.
   */
  hasArrivals(): Promise<boolean>;
  /** Confirmed head at the last look; null before the first. */
  headBlock(): bigint | null;
  /** How many of the vaults lag behind the others. */
  lagging(vaults: readonly WatchedVault[], cursors: Cursors): number;
}

export interface PassesOptions extends Omit<TakeInContext, 'network' | 'chainId'> {
  readonly settings: {
    readonly network: string;
    readonly chainId: number;
    readonly confirmations: number;
    readonly finality: FinalitySetting;
    readonly redemptionsFromBlock: bigint | null;
  };
  readonly rpc: RpcClient;
  readonly log: Log;
  readonly vaults: () => Promise<readonly WatchedVault[]>;
  readonly chunk: ChunkSize;
  readonly check: CheckCursors;
}

const NOTHING: Found = { logs: 0, more: false, replaced: null };

/** One group of vaults that a query reads together, and how far it may go. */
interface Group {
  readonly pass: Pass;
  readonly rpc: PinnedRpc;
  readonly vaults: readonly WatchedVault[];
  readonly cursors: Cursors;
  readonly limit: BlockPoint;
}

/** The three tasks of a watcher, without when they run. */
export function createPasses(options: PassesOptions): Passes {
  const { settings, rpc, store, vaults, chunk, check } = options;
  const { chainId, confirmations, finality } = settings;
  const context: TakeInContext = { ...options, network: settings.network, chainId };
  const catchUp = createRotation();
  const finalCatchUp = createRotation();
  let headBlock: bigint | null = null;

  /** Advances one group by at most one chunk. */
  async function advance(group: Group, network: LoadedNetwork, state: OpenNetwork): Promise<Found> {
    const { pass, vaults, cursors, limit } = group;
    const lowest = lowestBlock(vaults, cursors);
    if (lowest === null || limit.number < lowest) return NOTHING;
    const verdict = await check(group.rpc, vaults.map(cursors), limit);
    if (verdict.kind === 'wait') {
      options.log.debug({ pass, why: verdict.why }, 'nothing advances for now');
      return NOTHING;
    }
    if (verdict.kind === 'replaced') {
      const rescan = pass === 'final' ? 'start' : 'final';
      return { ...NOTHING, replaced: { why: verdict.why, rescan } };
    }
    if (limit.number === lowest) return NOTHING;
    const fromBlock = lowest + 1n;
    const to = await endOfChunk(group.rpc, fromBlock, limit, chunk.blocks());
    if (to === null) return NOTHING;
    const blocks = to.number - fromBlock + 1n;
    const redemptionsFromBlock = settings.redemptionsFromBlock ?? state.redemptionsFromBlock;
    try {
      const behind = vaults.filter((vault) => cursors(vault).block < to.number);
      const range = { pass, rpc: group.rpc, vaults: behind, cursors, fromBlock, to, redemptionsFromBlock };
      const logs = await takeIn(context, network, range);
      chunk.served(blocks);
      return { logs, more: to.number < limit.number, replaced: null };
    } catch (error) {
      if (!isRangeLimitError(error) || !chunk.refused(blocks)) throw error;
      return { ...NOTHING, more: true };
    }
  }

  const head: RunTask = async (network, state) => {
    const pinned = rpc.pinned();
    const limit = await confirmedHead(pinned, confirmations);
    if (limit === null) return NOTHING;
    headBlock = limit.number;
    const cursors = await readCursors(store, chainId, 'head');
    const { level } = splitByLag(await vaults(), cursors, limit.number);
    return advance({ pass: 'head', rpc: pinned, vaults: level, cursors, limit }, network, state);
  };

  const catchUpTask: RunTask = async (network, state) => {
    const watched = await vaults();
    const cursors = await readCursors(store, chainId, 'head');
    // Without a look at the head, vaults that are level by their cursors need no request at all.
    if (lagging(watched, cursors) === 0) return NOTHING;
    const pinned = rpc.pinned();
    const limit = await confirmedHead(pinned, confirmations);
    if (limit === null) return NOTHING;
    const behind = splitByLag(watched, cursors, limit.number).lagging;
    const vault = catchUp.next(behind);
    if (vault === null) return NOTHING;
    const found = await advance(
      { pass: 'head', rpc: pinned, vaults: [vault], cursors, limit },
      network,
      state,
    );
    return { ...found, more: found.more || (behind.length > 1 && found.replaced === null) };
  };

  const final: RunTask = async (network, state) => {
    const pinned = rpc.pinned();
    // An endpoint that answers falsely empty would do so again: another one reads the second time.
    const second = rpc.other(pinned.endpoint) ?? pinned;
    const limit = await finalBlock(second, finality);
    if (limit === null) return NOTHING;
    const heads = await readCursors(store, chainId, 'head');
    const cursors = await readCursors(store, chainId, 'final');
    const { level, lagging } = splitByLag(await vaults(), cursors, limit.number);
    const straggler = finalCatchUp.next(lagging);
    const groups = straggler === null ? [level] : [level, [straggler]];
    let all = NOTHING;
    for (const vaults of groups) {
      const within = await boundByHeads(second, vaults, heads, limit);
      if (within === null) continue;
      const found = await advance(
        { pass: 'final', rpc: second, vaults, cursors, limit: within },
        network,
        state,
      );
      if (found.replaced !== null) return found;
      all = { logs: all.logs + found.logs, more: all.more || found.more, replaced: null };
    }
    return all;
  };

  const hasArrivals = async (): Promise<boolean> => {
    const cursors = await readCursors(store, chainId, 'head');
    const { level } = splitByLag(await vaults(), cursors, headBlock ?? MAX_BLOCK);
    const lowest = lowestBlock(level, cursors);
    const filter = arrivalsFilter({
      vaults: level.map((it) => it.vault),
      receipts: level.map((it) => it.receipt),
      wallets: options.wallets(),
    });
    if (lowest === null || filter === null) return false;
    // From the cursor's own block, which exists: a range that begins past the head is an error to some nodes.
    const from = lowest < 0n ? 0n : lowest;
    const { addresses: address, topics } = filter;
    const range = { fromBlock: numberToHex(from), toBlock: 'latest' };
    try {
      const logs = await rpc.pinned().request('eth_getLogs', [{ address, topics, ...range }]);
      return !Array.isArray(logs) || logs.some((log: unknown) => !isAtOrBelow(log, lowest));
    } catch (error) {
      if (error instanceof RpcFailure && error.kind === 'answered') return true;
      throw error;
    }
  };

  const lagging = (watched: readonly WatchedVault[], cursors: Cursors): number =>
    splitByLag(watched, cursors, headBlock ?? MAX_BLOCK).lagging.length;

  return { head, 'catch-up': catchUpTask, final, hasArrivals, headBlock: () => headBlock, lagging };
}

/** No chain gets there; stands for a head that was not looked at yet. */
const MAX_BLOCK = BigInt(Number.MAX_SAFE_INTEGER);

/** The second pass never runs ahead of the first, so that what it finds new was missed. */
async function boundByHeads(
  rpc: PinnedRpc,
  vaults: readonly WatchedVault[],
  heads: Cursors,
  final: BlockPoint,
): Promise<BlockPoint | null> {
  const lowest = lowestBlock(vaults, heads);
  if (lowest === null || lowest < 0n) return null;
  return lowest < final.number ? pointAt(rpc, lowest) : final;
}

/** Whether a log, as a node shows it, certainly stands in this block or an earlier one. */
function isAtOrBelow(log: unknown, block: bigint): boolean {
  if (typeof log !== 'object' || log === null || !('blockNumber' in log)) return false;
  return isHex(log.blockNumber) && log.blockNumber !== '0x' && hexToBigInt(log.blockNumber) <= block;
}

async function endOfChunk(
  rpc: PinnedRpc,
  fromBlock: bigint,
  limit: BlockPoint,
  blocks: bigint,
): Promise<BlockPoint | null> {
  const end = fromBlock + blocks - 1n;
  return end >= limit.number ? limit : pointAt(rpc, end);
}

async function pointAt(rpc: PinnedRpc, number: bigint): Promise<BlockPoint | null> {
  const block = await rpc.getBlock(number);
  return block === null ? null : { number: block.number, hash: block.hash };
}

/** Takes lagging vaults in turn, so that a long catch-up delays no short one. */
function createRotation(): { next(vaults: readonly WatchedVault[]): WatchedVault | null } {
  let last = '';
  return {
    next(vaults) {
      const sorted = vaults.toSorted((a, b) => (a.vault < b.vault ? -1 : 1));
      const vault = sorted.find((it) => it.vault > last) ?? sorted[0] ?? null;
      last = vault?.vault ?? '';
      return vault;
    },
  };
}
