import type { Address, Hex } from 'viem';
import type { Fees } from '../chain/fees.ts';
import { RowMissing } from '../event-store/errors.ts';
import type { EventStore, Row, RowWrite, TableDefinition } from '../event-store/event-store.ts';
import type { LaneId } from './lane-feature.ts';
import type { Lane, LaneDeps } from './runtime.ts';
import type { Content } from './sign-variant.ts';

/**
 * What a custodian was asked to sign and has not answered yet. It is committed before the question leaves, so that the
 * same question is repeated to the letter by whatever process comes next: asked anew with other fees, it would be
 * another activity there, with votes to be collected again, and a second signature for the nonce.
 */
export const SIGNING_REQUEST_TABLE: TableDefinition = {
  name: 'signing_request',
  columns: {
    lane: 'text',
    nonce: 'integer',
    /** How many variants were signed for the nonce before: 0 for the first. */
    ordinal: 'integer',
    to_address: 'text',
    data: 'text',
    value: 'bigint',
    gas: 'bigint',
    max_fee: 'bigint',
    max_priority_fee: 'bigint',
    asked_ms: 'integer',
    operation_ids: 'json',
  },
  required: ['to_address', 'data', 'value', 'gas', 'max_fee', 'max_priority_fee', 'asked_ms'],
  key: ['lane', 'nonce', 'ordinal'],
  source: 'operational',
};

const table = SIGNING_REQUEST_TABLE.name;

/** An open question. */
export interface Asked {
  readonly to: Address;
  readonly data: Hex;
  readonly value: bigint;
  readonly gas: bigint;
  readonly fees: Fees;
  readonly askedMs: number;
  readonly operationIds: readonly string[];
}

/** Which signature of which nonce. */
export interface Place {
  readonly lane: LaneId;
  readonly nonce: number;
  readonly ordinal: number;
}

const keyOf = ({ lane, nonce, ordinal }: Place) => ({ lane, nonce, ordinal });

/** The open question at a place; null where nothing was asked, or the answer is committed. */
export async function findAsked(store: Pick<EventStore, 'find'>, place: Place): Promise<Asked | null> {
  const [row] = await store.find({ table, where: keyOf(place), limit: 1 });
  return row === undefined ? null : readAsked(row);
}

/**
 * The question to put to a signer for this content: the one that is open already, with the gas and the fees of then,
 * where it was about the same call; else a new one. Committed before this resolves, unless the key is ours to hold.
 */
export async function ask(
  deps: Pick<LaneDeps, 'store' | 'time'>,
  lane: Pick<Lane, 'signer'>,
  place: Place,
  { content, fees, operationIds }: { content: Content; fees: Fees; operationIds: readonly string[] },
): Promise<Asked> {
  const { to, data, value, gas } = content;
  const fresh: Asked = { to, data, value, gas, fees, askedMs: deps.time.nowMs(), operationIds };
  if (lane.signer.kind === 'local') return fresh;
  const open = await findAsked(deps.store, place);
  if (open !== null && open.to === to && open.data === data && open.value === value) return open;
  const row = {
    ...keyOf(place),
    to_address: to,
    data,
    value,
    gas,
    max_fee: fees.maxFeePerGas,
    max_priority_fee: fees.maxPriorityFeePerGas,
    asked_ms: fresh.askedMs,
    operation_ids: operationIds,
  };
  await deps.store.commit({
    appends: [],
    writes: () => [{ op: 'upsert', table, row }],
    metadata: { actor: 'engine', reason: 'asks the custodian to sign' },
  });
  return fresh;
}

/** For the commit that holds the answer. */
export function answered(lane: Pick<Lane, 'signer'>, place: Place): readonly RowWrite[] {
  return lane.signer.kind === 'local' ? [] : [{ op: 'delete', table, key: keyOf(place) }];
}

/** The custodian said no, or it is not to be asked again: what is asked next is another question. */
export async function dropQuestion(
  deps: Pick<LaneDeps, 'store'>,
  lane: Pick<Lane, 'signer'>,
  place: Place,
): Promise<void> {
  const writes = answered(lane, place);
  if (writes.length === 0) return;
  try {
    await deps.store.commit({
      appends: [],
      writes: () => writes,
      metadata: { actor: 'engine', reason: 'the custodian is not asked this any more' },
    });
  } catch (error) {
    // Another step has asked or got its answer meanwhile.
    if (!(error instanceof RowMissing)) throw error;
  }
}

function readAsked(row: Row): Asked {
  return {
    to: row['to_address'] as Address,
    data: row['data'] as Hex,
    value: row['value'] as bigint,
    gas: row['gas'] as bigint,
    fees: {
      maxFeePerGas: row['max_fee'] as bigint,
      maxPriorityFeePerGas: row['max_priority_fee'] as bigint,
    },
    askedMs: row['asked_ms'] as number,
    operationIds: (row['operation_ids'] ?? []) as readonly string[],
  };
}
