import type { Address } from 'viem';
import { expect, test } from 'vitest';
import { silentLog } from '../telemetry/log.ts';
import { anyKind } from '../event-store/create-ledger.ts';
import { change } from '../event-store/ledger.ts';
import { openTestLedger } from '../operation/test-ledger.ts';
import { LANE_TABLE, laneKind } from '../transaction/lane-state.ts';
import { custodyKind, custodyStreamId } from './custody-kind.ts';
import { createInCharge } from './in-charge.ts';
import type { CustodyEvent } from './state.ts';

const CHAIN = 8453;
const BASE = [{ network: 'base', chainId: CHAIN }];
const OLD: Address = `0x${'aa'.repeat(20)}`;
const NEW: Address = `0x${'bb'.repeat(20)}`;

async function world() {
  const parts = await openTestLedger([anyKind(custodyKind), anyKind(laneKind)], [LANE_TABLE]);
  const started = async (signer: Address, keys: readonly Address[]) => {
    const inCharge = createInCharge({ ...parts, log: silentLog, signer, keys: new Set(keys) });
    await inCharge.open(BASE);
    return inCharge;
  };
  const commit = async (...events: readonly CustodyEvent[]) => {
    const loaded = await parts.ledger.load(custodyKind, custodyStreamId(CHAIN));
    await parts.ledger.commit({
      changes: [change(custodyKind, loaded, events)],
      metadata: { actor: 'test' },
    });
  };
  const openLane = async (signer: Address) => {
    const loaded = await parts.ledger.load(laneKind, `${String(CHAIN)}/${signer}`);
    const opened = { type: 'LaneOpened', data: { network: 'base', chainId: CHAIN, signer } } as const;
    await parts.ledger.commit({ changes: [change(laneKind, loaded, [opened])], metadata: { actor: 'test' } });
  };
  return { ...parts, started, commit, openLane };
}

const begun: CustodyEvent = { type: 'MoveBegun', data: { moveId: 'm-1', from: OLD, to: NEW, found: [] } };

test('whoever signs first is in charge', async () => {
  const { started } = await world();
  const inCharge = await started(NEW, [NEW, OLD]);
  expect(inCharge.of(CHAIN)).toBe(NEW);
  expect(inCharge.standing(CHAIN, NEW)).toEqual({ kind: 'in_charge' });
  expect(inCharge.standing(CHAIN, OLD)).toEqual({ kind: 'hand_over', to: NEW });
  expect(inCharge.standing(CHAIN, `0x${'cc'.repeat(20)}`)).toEqual({ kind: 'no_key' });
});

test('a new signer waits for a move as long as the key of the one before is at hand', async () => {
  const { started, openLane, commit } = await world();
  await openLane(OLD);
  const inCharge = await started(NEW, [NEW, OLD]);
  expect(inCharge.of(CHAIN)).toBe(OLD);
  expect(inCharge.standing(CHAIN, NEW)).toEqual({ kind: 'hand_over', to: OLD });
  await commit(begun);
  expect(inCharge.of(CHAIN)).toBe(NEW);
  expect((await started(NEW, [NEW, OLD])).of(CHAIN)).toBe(NEW);
});

test('and so at every start, once the log says who is in charge', async () => {
  const { started } = await world();
  await started(OLD, [OLD]);
  for (const _start of [1, 2]) expect((await started(NEW, [NEW, OLD])).of(CHAIN)).toBe(OLD);
});

test('whoever signed before goes on, though another lane of ours was opened later', async () => {
  const { started, openLane, clock } = await world();
  await openLane(NEW);
  clock.advance(1_000);
  await openLane(OLD);
  expect((await started(NEW, [NEW, OLD])).of(CHAIN)).toBe(NEW);
});

test('without the key of the one in charge, the signer of the settings takes over, which ends a move', async () => {
  const { started, openLane, commit, types } = await world();
  await openLane(OLD);
  await started(OLD, [OLD]);
  expect((await started(NEW, [NEW])).of(CHAIN)).toBe(NEW);
  await started(OLD, [OLD]);
  await commit(begun);
  expect((await started(OLD, [OLD])).of(CHAIN)).toBe(OLD);
  expect(await types('custody/8453')).toEqual([
    'SignerTookCharge',
    'SignerTookCharge',
    'SignerTookCharge',
    'MoveBegun',
    'MoveEnded',
    'SignerTookCharge',
  ]);
});
