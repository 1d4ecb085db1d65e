import { networkKind } from '../chain/watcher/network.ts';
import type { Change, Ledger } from '../event-store/ledger.ts';
import { change } from '../event-store/ledger.ts';

/** Whether anything new may be signed on a network. */
export interface NetworkGate {
  /** Why not; null when it may. */
  readonly stopped: string | null;
  /** What a commit that signs must require, so that a stop which comes in between makes it fail. */
  readonly requires: readonly Change[];
}

/**
 * A network whose blocks were replaced deeper than is believed is stopped by its watcher. Until an operator resumes it,
 * nothing new is signed on it; what is in flight stays watched.
 */
export async function readNetworkGate(ledger: Ledger, network: string): Promise<NetworkGate> {
  const loaded = await ledger.load(networkKind, network);
  const stopped = loaded.state.kind === 'stopped' ? loaded.state.why : null;
  return { stopped, requires: [change(networkKind, loaded, [])] };
}
