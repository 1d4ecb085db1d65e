import type { Address } from 'viem';
import type { EventStore } from '../../event-store/event-store.ts';
import { change, type Ledger, type Outcome } from '../../event-store/ledger.ts';
import type { Log } from '../../telemetry/log.ts';
import type { BlockPoint } from '../finality.ts';
import { isCanonical } from '../finality.ts';
import type { PinnedRpc } from '../rpc/types.ts';
import { type Cursors, cursorWrites, type Pass } from './cursors.ts';
import { deadLetterWrites, newDeadLetters } from './dead-letter.ts';
import { decodeLogs } from './decode-logs.ts';
import { type LoadedNetwork, networkKind } from './network.ts';
import { readLogs } from './read-logs.ts';
import type { LogBatch, LogConsumer, WatchedVault } from './types.ts';
import { UnsettledLogs } from './unsettled-logs.ts';

/** One range of blocks for one group of vaults. */
export interface Range {
  readonly pass: Pass;
  readonly rpc: PinnedRpc;
  readonly vaults: readonly WatchedVault[];
  readonly cursors: Cursors;
  readonly fromBlock: bigint;
  readonly to: BlockPoint;
  readonly redemptionsFromBlock: bigint;
}

export interface TakeInContext {
  readonly network: string;
  readonly chainId: number;
  readonly ledger: Ledger;
  readonly store: EventStore;
  readonly log: Log;
  readonly wallets: () => readonly Address[];
  readonly consumers: readonly LogConsumer[];
}

/**
 * Reads a range's logs, lets the consumers decide on them, and commits what they decided together with the
 * cursors: after a crash either both happened or none. The network's version is required too, so that a
 * pass under way when the network stops or its cursors go back comes to nothing.
 *
 * Gives the number of logs. Rejects with `RpcFailure`, `UnsettledLogs`, a consumer's error or the ledger's.
 */
export async function takeIn(context: TakeInContext, network: LoadedNetwork, range: Range): Promise<number> {
  const { ledger, store, chainId, log } = context;
  const { rpc, vaults, pass, to } = range;
  const blocks = { fromBlock: range.fromBlock, toBlock: to.number };
  // What left our wallets is asked for once, when it is final: nothing but what was forgotten is told by it.
  const departures = pass === 'final';
  const raw = await readLogs(rpc, vaults, context.wallets(), blocks, { departures });
  const { decoded, malformed } = decodeLogs(raw.filter(isAheadOf(range)));
  const batch: LogBatch = {
    network: context.network,
    chainId,
    pass,
    fromBlock: range.fromBlock,
    toBlock: to.number,
    toHash: to.hash,
    vaults,
    logs: decoded,
    redemptionsFromBlock: range.redemptionsFromBlock,
    rpc,
    blockTimeMs: blockTimes(rpc),
  };
  const outcomes = await consume(context, batch);
  // Last of all reads: everything above, the consumers' reads included, was of a chain that ends in this block.
  if ((await isCanonical(rpc, to.number, to.hash)) !== true) {
    throw new UnsettledLogs(`${rpc.origin} no longer has block ${to.number} as ${to.hash}`);
  }
  const letters = await newDeadLetters(store, chainId, malformed);
  await ledger.commit({
    changes: [change(networkKind, network, []), ...outcomes.flatMap((it) => it.changes)],
    guards: distinctGuards(outcomes),
    writes: [
      ...outcomes.flatMap((it) => it.writes ?? []),
      ...deadLetterWrites(chainId, letters),
      ...cursorWrites(chainId, pass, vaults, to),
    ],
    metadata: { actor: 'engine', causation: `block ${chainId}/${to.number}/${to.hash}` },
  });
  for (const { log: letter, why } of letters) {
    const { transactionHash, logIndex, address } = letter;
    log.error(
      { alarm: 'log_unreadable', transactionHash, logIndex, address, why },
      'a log of our contracts cannot be read',
    );
  }
  return raw.length;
}

/** The common query begins at the least advanced vault; what the others took in already is left out. */
function isAheadOf(range: Range): (log: { address: string; blockNumber: bigint }) => boolean {
  const blocks = new Map<string, bigint>(
    range.vaults.flatMap((it): [string, bigint][] => {
      const { block } = range.cursors(it);
      return [
        [it.vault, block],
        [it.receipt, block],
      ];
    }),
  );
  return ({ address, blockNumber }) => blockNumber > (blocks.get(address) ?? blockNumber);
}

async function consume(context: TakeInContext, batch: LogBatch): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = [];
  if (batch.logs.length === 0) return outcomes;
  for (const consumer of context.consumers) {
    const outcome = await consumer.consume(batch);
    const streams = outcome.changes
      .filter((it) => it.events.length > 0)
      .map((it) => `${it.kind.category}/${it.loaded.id}`);
    if (batch.pass === 'final' && streams.length > 0) {
      const { fromBlock, toBlock, rpc } = batch;
      context.log.error(
        { alarm: 'log_missed', consumer: consumer.name, streams, fromBlock, toBlock, origin: rpc.origin },
        'reading final blocks again found what the first reading missed',
      );
    }
    outcomes.push(outcome);
  }
  return outcomes;
}

function distinctGuards(outcomes: readonly Outcome[]) {
  const guards = outcomes.flatMap((it) => it.guards ?? []);
  return [...new Map(guards.map((guard) => [`${guard.name} ${guard.expected}`, guard])).values()];
}

function blockTimes(rpc: PinnedRpc): LogBatch['blockTimeMs'] {
  const times = new Map<bigint, number>();
  return async (blockNumber) => {
    const known = times.get(blockNumber);
    if (known !== undefined) return known;
    const block = await rpc.getBlock(blockNumber);
    if (block === null) {
      throw new UnsettledLogs(`${rpc.origin} does not know block ${blockNumber}, of which it gave logs`);
    }
    const timeMs = Number(block.timestamp) * 1000;
    times.set(blockNumber, timeMs);
    return timeMs;
  };
}
