import { expect, test } from 'vitest';
import type { Row } from '../../event-store/event-store.ts';
import { openTestLedger } from '../../operation/test-ledger.ts';
import { CALL_TABLE, OPEN_CALL_PHASES } from '../../transaction/calls/call-kind.ts';
import { TRANSACTION_TABLE } from '../../transaction/transaction-kind.ts';
import { readLaneWork } from './holdings.ts';

const SIGNER = `0x${'aa'.repeat(20)}` as const;
const LANE = `8453/${SIGNER}`;

async function open(...rows: readonly { readonly table: string; readonly row: Row }[]) {
  const { store } = await openTestLedger([], [CALL_TABLE, TRANSACTION_TABLE]);
  const writes = rows.map((it) => ({ op: 'insert', ...it }) as const);
  await store.commit({ appends: [], writes: () => writes, metadata: { actor: 'test' } });
  return store;
}

const call = (phase: string, at: number): { table: string; row: Row } => ({
  table: CALL_TABLE.name,
  row: {
    id: `${LANE}/op-${String(at)}/1`,
    lane: LANE,
    operation_id: `op-${String(at)}`,
    attempt: 1,
    external_id: `op-${String(at)}-1`,
    phase,
    outcome: phase === 'final' ? 'effect' : null,
    greatest_cost: 1n,
    since_ms: 1,
    block_number: phase === 'final' ? 7 : null,
  },
});

test('a lane that was never used has nothing open', async () => {
  expect(await readLaneWork(await open(), 8453, SIGNER)).toEqual({
    ready: 0,
    unfinal: 0,
    lastNonce: null,
    hasCalls: false,
  });
});

test('calls of a custodian are open until they are final, in whatever phase, and have no nonces of ours', async () => {
  const store = await open(...[...OPEN_CALL_PHASES, 'final'].map(call));
  expect(await readLaneWork(store, 8453, SIGNER)).toEqual({
    ready: 0,
    unfinal: OPEN_CALL_PHASES.length,
    lastNonce: null,
    hasCalls: true,
  });
});
