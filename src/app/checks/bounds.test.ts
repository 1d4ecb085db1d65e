import { describe, expect, test } from 'vitest';
import type { MovePhase } from '../../custody/state.ts';
import type { TransferState } from '../../custody/transfer/state.ts';
import { nextTransferStep } from '../../custody/transfer/transfer-kind.ts';
import { nextMintStep } from '../../mint/mint-kind.ts';
import type { MintState } from '../../mint/state.ts';
import { STATE_BOUNDS_MS } from '../../operation/stuck.ts';
import { nextRedemptionStep } from '../../redemption/redemption-kind.ts';
import type { RedemptionState } from '../../redemption/state.ts';
import { nextRefundStep } from '../../refund/refund-kind.ts';
import type { RefundState } from '../../refund/state.ts';
import type { CallState } from '../../transaction/calls/call-state.ts';
import { lanePhase } from '../../transaction/lane-state.ts';
import type { TransactionState } from '../../transaction/transaction-state.ts';
import { GROUND_BOUNDS_MS } from './overdue.ts';

/** `open`: it must have a bound. A state that is added does not type-check before it stands here. */
type Lives<State extends string> = Readonly<Record<Exclude<State, 'none'>, 'open' | 'endless' | 'ended'>>;

const mint: Lives<MintState['kind'] | 'unclear'> = {
  unrequested: 'open',
  requested: 'open',
  unclear: 'open',
  journaled: 'open',
  submitted: 'open',
  minted: 'open',
  held: 'open',
  completed: 'ended',
  rejected: 'ended',
  closed: 'ended',
  dismissed: 'ended',
};
const redemption: Lives<RedemptionState['kind']> = {
  detected: 'open',
  requested: 'open',
  journaled: 'open',
  burning: 'open',
  rejected: 'open',
  refunding: 'open',
  held: 'open',
  recorded: 'ended',
  completed: 'ended',
  refunded: 'ended',
  closed: 'ended',
};
const refund: Lives<RefundState['kind']> = {
  requested: 'open',
  submitted: 'open',
  held: 'open',
  completed: 'ended',
  closed: 'ended',
};
const lane: Lives<ReturnType<typeof lanePhase>> = { open: 'endless', quarantine: 'open', stopped: 'open' };
const transaction: Lives<TransactionState['phase']> = { pending: 'open', mined: 'open', final: 'ended' };
const call: Lives<CallState['phase']> = {
  requested: 'open',
  refused: 'open',
  pending: 'open',
  held: 'open',
  mined: 'open',
  final: 'ended',
};
const transfer: Lives<TransferState['kind']> = {
  requested: 'open',
  submitted: 'open',
  held: 'open',
  completed: 'ended',
  closed: 'ended',
};
const move: Lives<MovePhase> = { moving: 'open', comparing: 'open', revoking: 'open' };

const bounds = { ...STATE_BOUNDS_MS, ...GROUND_BOUNDS_MS };

describe('every state that may be left has a bound, and no other', () => {
  test.for(Object.entries({ mint, redemption, refund, transfer, lane, transaction, call, move }))(
    'of a %s',
    ([kind, lives]) => {
      const open = Object.entries(lives).filter(([, life]) => life === 'open');
      expect(Object.keys(bounds[kind] ?? {}).toSorted()).toEqual(open.map(([state]) => state).sort());
    },
  );

  test('what ended has nothing left to do', () => {
    const ended = (lives: Readonly<Record<string, string>>) =>
      Object.keys(lives).filter((state) => lives[state] === 'ended');
    const steps = [
      ...ended(mint).map((kind) => nextMintStep({ kind } as MintState)),
      ...ended(redemption).map((kind) => nextRedemptionStep({ kind } as RedemptionState)),
      ...ended(refund).map((kind) => nextRefundStep({ kind } as RefundState)),
      ...ended(transfer).map((kind) => nextTransferStep({ kind } as TransferState)),
    ];
    expect(new Set(steps.map((it) => it.kind))).toEqual(new Set(['none']));
    expect(lanePhase({ kind: 'none' })).toBe('none');
  });
});
