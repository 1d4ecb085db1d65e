import type { Address, Hex } from 'viem';
import type { TableDefinition } from '../event-store/event-store.ts';
import type { ImpliedRow } from '../event-store/ledger.ts';

/**
 * Effects on chain that an operation counts as its own. The key makes sure that each is claimed by one operation
 * only, whoever settles it: a second claim refuses its whole commit.
 */
export const EFFECT_TABLE: TableDefinition = {
  name: 'effect',
  columns: {
    chain_id: 'integer',
    transaction_hash: 'text',
    vault: 'text',
    /** Among the vault's logs of this kind in the transaction. */
    ordinal: 'integer',
    kind: 'text',
    operation_id: 'name',
  },
  required: ['operation_id'],
  key: ['transaction_hash', 'chain_id', 'vault', 'kind', 'ordinal'],
  indexes: [['operation_id']],
  source: 'log',
};

export interface EffectClaim {
  readonly chainId: number;
  readonly transactionHash: Hex;
  readonly vault: Address;
  /** `deposit`, `withdraw` and `transfer` logs are numbered apart. */
  readonly kind: 'deposit' | 'withdraw' | 'transfer';
  readonly ordinal: number;
}

export function effectRow(claim: EffectClaim, operationId: string): ImpliedRow {
  const { chainId, transactionHash, vault, kind, ordinal } = claim;
  return {
    table: EFFECT_TABLE.name,
    row: {
      chain_id: chainId,
      transaction_hash: transactionHash,
      vault,
      kind,
      ordinal,
      operation_id: operationId,
    },
  };
}
