import type { Address } from 'viem';
import { deferOperations } from './defer.ts';
import type { OpenedLane } from './lane-state.ts';
import type { Batch } from './plan-ready.ts';
import type { AnyLane, LaneDeps } from './runtime.ts';

/**
 * Keeps back what is for a vault that is not scanned to the end of the lane's last quarantine. A database that forgot
 * transactions may have forgotten the vault too; added again, it is read from its beginning, and until that has come to
 * where the database was restored, a forgotten effect on it may not have been seen.
 */
export async function withoutForgotten(
  deps: LaneDeps,
  lane: AnyLane,
  { forgotTo }: OpenedLane,
  batches: readonly Batch[],
): Promise<readonly Batch[]> {
  if (forgotTo === null) return batches;
  const scanned = new Map<Address, bigint>();
  for (const { vault } of batches) {
    if (!scanned.has(vault)) scanned.set(vault, (await deps.scannedTo(lane.network, vault)) ?? -1n);
  }
  const isScanned = ({ vault }: Batch) => (scanned.get(vault) ?? -1n) >= forgotTo;
  const message = `its vault must be scanned to block ${String(forgotTo)}, since this database forgot transactions`;
  const kept = batches.filter((batch) => !isScanned(batch)).flatMap(({ entries }) => entries);
  await deferOperations(
    deps,
    kept.map(({ row: { id, attempts } }) => ({ id, attempts, code: 'vault_not_scanned', message })),
  );
  return batches.filter(isScanned);
}
