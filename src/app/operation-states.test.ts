import { expectTypeOf, test } from 'vitest';
import type { TransferState } from '../custody/transfer/state.ts';
import type { MintState } from '../mint/state.ts';
import type { OPERATION_STATES } from '../operation/operation-states.ts';
import type { RedemptionState } from '../redemption/state.ts';
import type { RefundState } from '../refund/state.ts';

type Shown<State extends { readonly kind: string }> = Exclude<State['kind'], 'none'>;
type Listed<Kind extends keyof typeof OPERATION_STATES> = (typeof OPERATION_STATES)[Kind][number];

// The compiler checks it: a state that is added to a kind must be one that operators can ask for.
test('every state of every kind of operation can be asked for', () => {
  expectTypeOf<Listed<'mint'>>().toEqualTypeOf<Shown<MintState>>();
  expectTypeOf<Listed<'redemption'>>().toEqualTypeOf<Shown<RedemptionState>>();
  expectTypeOf<Listed<'refund'>>().toEqualTypeOf<Shown<RefundState>>();
  expectTypeOf<Listed<'transfer'>>().toEqualTypeOf<Shown<TransferState>>();
});
