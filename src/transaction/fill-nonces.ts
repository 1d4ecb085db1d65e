import type { Loaded } from '../event-store/ledger.ts';
import type { LaneState } from './lane-state.ts';
import { affordableFees, canPay, readMeans } from './means.ts';
import type { Lane, LaneDeps } from './runtime.ts';
import { promiseNonce, signingPending } from './sign-batch.ts';
import { fillContent } from './sign-variant.ts';
import { costOf } from './transaction-state.ts';

/**
 * Fills nonces with self-transfers of nothing, lowest first.
 *
 * @returns how many were promised; fewer than asked when fees, funds or another commit stand in the way
 */
export async function fillNonces(
  deps: LaneDeps,
  lane: Lane,
  loaded: Loaded<LaneState>,
  nonces: readonly number[],
  latestNonce: number,
): Promise<number> {
  const means = await readMeans(deps, lane, latestNonce);
  const content = await fillContent(lane, means.rpc);
  const fees = affordableFees(deps, lane, means.market);
  if (fees === null) return 0;
  let filled = 0;
  for (const nonce of nonces) {
    const costWei = costOf({ ...content, ...fees });
    if (!canPay(deps, lane, means, costWei * BigInt(filled + 1))) break;
    const promised = await promiseNonce(deps, lane, loaded, { nonce, content, fees, batch: null });
    const alarm = `fill_refused/${lane.context.lane}` as const;
    if (promised.kind === 'refused') {
      const { code, message } = promised;
      lane.view.condition = { code, message };
      deps.alarms.raise(
        alarm,
        { lane: lane.context.lane, nonce, code },
        `a nonce cannot be filled: ${message}`,
      );
    }
    if (promised.kind === 'pending') lane.view.condition = signingPending(promised.message);
    if (promised.kind !== 'signed') break;
    const failure = await promised.sent;
    if (failure !== null) throw failure.error;
    deps.alarms.clear(alarm);
    filled += 1;
  }
  return filled;
}
