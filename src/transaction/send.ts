import type { Hex } from 'viem';
import type { Lane, LaneDeps } from './runtime.ts';

/** Pause between sending the same bytes again: a node may have dropped them, or never got them. */
const RESEND_MS = 15_000;

/**
 * Sends committed bytes. What the nodes say is told in the log and decides nothing: signed, sent and accepted are
 * different facts, and only a block shows the last.
 */
export async function send(
  deps: LaneDeps,
  lane: Pick<Lane, 'rpc' | 'network'>,
  transaction: { readonly id: string; readonly hash: Hex; readonly raw: Hex },
): Promise<void> {
  const { id, hash, raw } = transaction;
  markSent(deps, id);
  const { outcome, reason } = await lane.rpc.sendRawTransaction(raw);
  const fields = { transaction: id, network: lane.network, hash, outcome, reason };
  const isUsual = outcome === 'accepted' || outcome === 'already_known' || outcome === 'nonce_too_low';
  if (isUsual) deps.log.debug(fields, 'transaction sent');
  else deps.log.warn(fields, 'transaction sent, and not accepted; it is sent again');
}

/** Whoever looks at the transaction need not send it now: it is on its way. */
export function markSent(deps: LaneDeps, id: string): void {
  if (deps.sentMs.size >= 100_000) deps.sentMs.clear();
  deps.sentMs.set(id, deps.time.nowMs());
}

/** True when the bytes were not sent for a while; always after a start, since a crash may have come before sending. */
export function isResendDue(deps: LaneDeps, id: string): boolean {
  const lastMs = deps.sentMs.get(id);
  const nowMs = deps.time.nowMs();
  return lastMs === undefined || nowMs < lastMs || nowMs - lastMs >= RESEND_MS;
}
