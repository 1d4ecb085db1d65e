import type { Address, Hex } from 'viem';
import type { NextStep } from '../engine/work.ts';
import type { TableDefinition } from '../event-store/event-store.ts';
import type { ImpliedRow, StreamFacts } from '../event-store/ledger.ts';

/** One row per operation of every kind, for lists; the detail of one is read from its stream. */
export const OPERATION_TABLE: TableDefinition = {
  name: 'operation',
  columns: {
    id: 'name',
    kind: 'text',
    state: 'text',
    waiting_for: 'text',
    since_ms: 'integer',
    reason: 'text',
    underlying: 'text',
    token: 'text',
    network: 'text',
    chain_id: 'integer',
    vault: 'name',
    wallet: 'name',
    client_id: 'name',
    qty: 'bigint',
    shares: 'bigint',
    burned: 'bigint',
    dust: 'bigint',
    tx_hash: 'text',
    receipt_id: 'text',
    tokenization_request_id: 'text',
    /** The same where the id of the operation does not follow from it. */
    request_key: 'text',
    version: 'integer',
    created_ms: 'integer',
  },
  required: ['kind', 'state', 'since_ms', 'version', 'created_ms'],
  key: ['id'],
  indexes: [
    ['created_ms', 'id'],
    ['kind', 'state', 'created_ms', 'id'],
    ['underlying', 'created_ms', 'id'],
    ['network', 'created_ms', 'id'],
    ['client_id', 'created_ms', 'id'],
    { columns: ['tx_hash'], present: ['tx_hash'] },
    { columns: ['request_key'], present: ['request_key'] },
  ],
  source: 'log',
};

const KINDS = ['mint', 'redemption', 'refund', 'transfer'] as const;

export type OperationKind = (typeof KINDS)[number];

/** The streams that an operation of this id may have: one for each kind, and ids are of one kind only. */
export function streamsOf(id: string): readonly string[] {
  return KINDS.map((kind) => `${kind}/${id}`);
}

/** What a state tells of its operation. Quantities in 10⁻¹⁸ of a token; null is "not known yet" or "does not apply". */
export interface OperationFields {
  readonly kind: OperationKind;
  readonly state: string;
  readonly next: NextStep;
  /** Why it is held, rejected, recorded or closed, or why its last transaction had no effect. */
  readonly reason: string | null;
  readonly underlying: string | null;
  readonly token: string | null;
  readonly network: string | null;
  readonly chainId: number | null;
  readonly vault: Address | null;
  readonly wallet: Address | null;
  readonly clientId: string | null;
  /** What Alpaca counts. */
  readonly quantity: bigint | null;
  /** What the chain counts. */
  readonly shares: bigint | null;
  readonly burned: bigint | null;
  readonly dust: bigint | null;
  /** Of a mint: the transaction that minted. Of a redemption: the one that brought the tokens. */
  readonly transactionHash: Hex | null;
  readonly receiptId: bigint | null;
  readonly tokenizationRequestId: string | null;
}

/** The row that a state implies. */
export function operationRow(fields: OperationFields, facts: StreamFacts): ImpliedRow {
  const row = {
    id: facts.id,
    kind: fields.kind,
    state: fields.state,
    waiting_for: waitingFor(fields.next),
    since_ms: facts.sinceMs,
    reason: fields.reason,
    underlying: fields.underlying,
    token: fields.token,
    network: fields.network,
    chain_id: fields.chainId,
    vault: fields.vault,
    wallet: fields.wallet,
    client_id: fields.clientId,
    qty: fields.quantity,
    shares: fields.shares,
    burned: fields.burned,
    dust: fields.dust,
    tx_hash: fields.transactionHash,
    receipt_id: fields.receiptId?.toString() ?? null,
    tokenization_request_id: fields.tokenizationRequestId,
    request_key: fields.kind === 'mint' ? null : fields.tokenizationRequestId,
    version: facts.version,
    created_ms: facts.createdMs,
  };
  return { table: OPERATION_TABLE.name, row };
}

function waitingFor(next: NextStep): string | null {
  switch (next.kind) {
    case 'none':
      return null;
    case 'step':
      return next.dependency;
    case 'lane':
      return 'lane';
    case 'wait':
      return next.for;
    default:
      return next satisfies never;
  }
}
