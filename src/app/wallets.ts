import type { Address } from 'viem';
import type { EventStore } from '../event-store/event-store.ts';
import { LANE_TABLE } from '../transaction/lane-state.ts';

/** Our signers' addresses, which are the redemption wallets. */
export interface Wallets {
  /** Of one network: the signers of the settings, then those that signed there before. They still receive transfers. */
  readonly of: (network: string) => readonly Address[];
  /** Of all networks, each once. */
  readonly all: () => readonly Address[];
}

/** Most lanes that were ever opened: a few per network. */
const MAX_LANES = 1_000;

/**
 * Reads who ever signed from the lanes of the database; that does not change while the process runs. `signers`: those
 * of the settings, retired ones too, whose keys need not be at hand.
 */
export async function createWallets(
  store: Pick<EventStore, 'find'>,
  signers: readonly Address[],
): Promise<Wallets> {
  const rows = await store.find({ table: LANE_TABLE.name, orderBy: [['id', 'asc']], limit: MAX_LANES });
  const before = rows.map((row) => ({ network: row['network'] as string, signer: row['signer'] as Address }));
  return {
    of: (network) => [
      ...new Set([...signers, ...before.filter((it) => it.network === network).map((it) => it.signer)]),
    ],
    all: () => [...new Set([...signers, ...before.map((it) => it.signer)])],
  };
}
