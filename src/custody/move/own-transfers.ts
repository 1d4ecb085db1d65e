import { stageOf } from '../../operation/sole-stage.ts';
import type { Address } from 'viem';
import type { Ledger } from '../../event-store/ledger.ts';
import { uuidV5 } from '../../primitives/uuid.ts';
import { transferKind } from '../transfer/transfer-kind.ts';

/** The transfers that a move begins itself, one after another on each vault. */
export interface OwnTransfers {
  /** Id of the next one; null while the last one is under way. */
  next(moveId: string, vault: Address): Promise<string | null>;
}

/** Their ids are numbered, so that one that was begun before a crash is found again, and none is begun twice. */
export function createOwnTransfers(ledger: Ledger): OwnTransfers {
  // How many of each are known to be at their end.
  const ended = new Map<string, number>();
  return {
    async next(moveId, vault) {
      const key = `${moveId} ${vault}`;
      for (let n = ended.get(key) ?? 0; ; n += 1) {
        ended.set(key, n);
        const id = uuidV5(moveId, `${vault} ${String(n)}`);
        const { state } = await ledger.load(transferKind, id);
        if (state.kind === 'none') return id;
        if (stageOf(state) !== null) return null;
      }
    },
  };
}
