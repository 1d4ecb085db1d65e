import { formatEther, formatGwei } from 'viem';
import type { FeeMarket, Fees } from '../chain/fees.ts';
import { initialFees } from '../chain/fees.ts';
import type { PinnedRpc } from '../chain/rpc/types.ts';
import { readMarket } from './chain-view.ts';
import { committedCostWei } from './nonces.ts';
import type { AnyLane as Lane, LaneDeps } from './runtime.ts';

/** An alarm sounds while the balance still covers this many more transactions like the one just paid for. */
const EARLY_ALARM_FACTOR = 20n;

/** What a lane can pay for, and what the chain asks. */
export interface Means {
  readonly rpc: PinnedRpc;
  readonly market: FeeMarket;
  readonly blockGasLimit: bigint;
  readonly balanceWei: bigint;
  /** What is in flight already can cost at most this. */
  readonly committedWei: bigint;
}

/** Reads them from one endpoint. `exceptNonce` is the one about to be signed again: it costs once. */
export async function readMeans(
  deps: LaneDeps,
  lane: Lane,
  latestNonce: number,
  exceptNonce: number | null = null,
): Promise<Means> {
  const rpc = lane.rpc.pinned();
  const [{ blockGasLimit, ...market }, balanceWei, committedWei] = await Promise.all([
    readMarket(rpc),
    rpc.getBalance(lane.context.signer),
    committedCostWei(deps.store, lane.context.lane, latestNonce, exceptNonce),
  ]);
  lane.view.balanceWei = balanceWei;
  lane.view.baseFeeWei = market.baseFee;
  return { rpc, market, blockGasLimit, balanceWei, committedWei };
}

/**
 * True when the balance covers the greatest cost of all in flight and this one. A lane that runs dry would leave
 * nonces that nobody can fill. Each `payer` (the lane, or a transaction that is raised) has an alarm of its own.
 */
export function canPay(
  deps: LaneDeps,
  lane: Lane,
  means: Means,
  costWei: bigint,
  payer: string = lane.context.lane,
): boolean {
  const neededWei = means.committedWei + costWei;
  const key = `insufficient_funds/${payer}` as const;
  if (means.balanceWei >= neededWei) {
    deps.alarms.clear(key);
    tellLowFunds(deps, lane, means.balanceWei, neededWei + EARLY_ALARM_FACTOR * costWei);
    return true;
  }
  const message =
    `the balance of ${formatEther(means.balanceWei)} does not cover ${formatEther(neededWei)}, ` +
    `the most that what is in flight and the next transaction can cost; send funds to ${lane.context.signer}`;
  lane.view.condition = { code: 'insufficient_funds', message };
  deps.alarms.raise(key, { payer, network: lane.network }, message);
  return false;
}

/** Says while there is time that the signer's balance wants filling up. */
function tellLowFunds(deps: LaneDeps, lane: Lane, balanceWei: bigint, comfortableWei: bigint): void {
  const key = `low_funds/${lane.context.lane}` as const;
  if (balanceWei >= comfortableWei) {
    deps.alarms.clear(key);
    return;
  }
  const message =
    `the balance of ${formatEther(balanceWei)} lasts for fewer than ${String(EARLY_ALARM_FACTOR)} more transactions ` +
    `like the last one at its greatest cost; send funds to ${lane.context.signer}`;
  deps.alarms.raise(key, { lane: lane.context.lane, network: lane.network, balanceWei }, message);
}

/** Fees of a first attempt; null while the base fee itself is above the ceiling. */
export function affordableFees(deps: LaneDeps, lane: Lane, market: FeeMarket): Fees | null {
  const key = `fee_ceiling/${lane.context.lane}` as const;
  if (market.baseFee <= lane.maxFeeWei) {
    deps.alarms.clear(key);
    return initialFees({ ...market, maxFeeCeiling: lane.maxFeeWei }).fees;
  }
  const message =
    `the base fee of ${formatGwei(market.baseFee)} gwei is above the ceiling of ${formatGwei(lane.maxFeeWei)}; ` +
    'nothing is signed until it falls or the ceiling is raised';
  lane.view.condition = { code: 'fee_ceiling', message };
  deps.alarms.raise(key, { lane: lane.context.lane, network: lane.network }, message);
  return null;
}
