import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ReceiptCommand, ReceiptState } from './receipt.ts';
import { decideReceipt, evolveReceipt, isOverdrawn, reservedShares } from './receipt.ts';

const BOT = '0x00000000000000000000000000000000000000b0';
const HASH = `0x${'ab'.repeat(32)}` as const;

/** A receipt on a chain and in the books, driven by random acts of ours and, where `strangers`, of others. */
function createModel() {
  let state: ReceiptState = { kind: 'none' };
  const history: bigint[] = [100n];
  const pending = new Map<string, { shares: bigint; block: bigint | null }>();
  let next = 0;
  const chain = () => history.at(-1) ?? 0n;
  const apply = (command: ReceiptCommand) => {
    for (const event of decideReceipt(command, state)) state = evolveReceipt(state, event);
  };
  const mine = (burned: bigint) => history.push(chain() - burned);
  apply({
    type: 'deposit',
    fact: {
      sender: BOT,
      owner: BOT,
      shares: 100n,
      information: '0x',
      operationId: null,
      blockNumber: 0n,
      transactionHash: HASH,
      ordinal: 0,
    },
  });
  return {
    state: () => state,
    chain,
    read: (age: number) => {
      const block = Math.max(0, history.length - 1 - age);
      const balance = history[block] ?? 0n;
      apply({ type: 'read', reading: { holder: BOT, balance, blockNumber: BigInt(block), blockHash: HASH } });
    },
    reserve: (share: bigint) => {
      if (state.kind === 'none' || state.reading === null) return;
      const free = state.reading.balance - reservedShares(state);
      const shares = share < free ? share : free;
      if (shares <= 0n) return;
      const redemptionId = `r${next++}`;
      apply({ type: 'reserve', redemptionId, shares, transactionId: 't' });
      pending.set(redemptionId, { shares, block: null });
    },
    mineOne: () => {
      for (const burn of pending.values()) {
        if (burn.block !== null) continue;
        mine(burn.shares);
        burn.block = BigInt(history.length - 1);
        return;
      }
      mine(0n);
    },
    settleOne: () => {
      for (const [redemptionId, burn] of pending) {
        if (burn.block === null) continue;
        const { shares, block: blockNumber } = burn;
        apply({ type: 'burn', redemptionId, shares, transactionHash: HASH, blockNumber });
        pending.delete(redemptionId);
        return;
      }
    },
    releaseOne: () => {
      for (const [redemptionId, burn] of pending) {
        if (burn.block !== null) continue;
        apply({ type: 'release', redemptionId, shares: burn.shares, why: 'cancelled' });
        pending.delete(redemptionId);
        return;
      }
    },
    strangerBurns: (shares: bigint) => {
      mine(shares < chain() ? shares : chain());
      apply({ type: 'move', transactionHash: HASH, blockNumber: BigInt(history.length - 1) });
    },
  };
}

const amount = fc.bigInt({ min: 1n, max: 60n });
const own = fc.oneof(
  fc.record({ act: fc.constant('read' as const), age: fc.nat(3) }),
  fc.record({ act: fc.constant('reserve' as const), shares: amount }),
  fc.record({ act: fc.constantFrom('mineOne' as const, 'settleOne' as const, 'releaseOne' as const) }),
);
const anyone = fc.oneof(own, fc.record({ act: fc.constant('strangerBurns' as const), shares: amount }));

type Step = typeof anyone extends fc.Arbitrary<infer Value> ? Value : never;

function run(model: ReturnType<typeof createModel>, step: Step) {
  switch (step.act) {
    case 'read':
      return model.read(step.age);
    case 'reserve':
      return model.reserve(step.shares);
    case 'strangerBurns':
      return model.strangerBurns(step.shares);
    default:
      return model[step.act]();
  }
}

test('as long as only we burn, no more is reserved than there is, and the books end at the chain', () => {
  fc.assert(
    fc.property(fc.array(own, { maxLength: 60, size: 'max' }), (steps) => {
      const model = createModel();
      for (const step of steps) {
        run(model, step);
        expect(isOverdrawn(model.state())).toBe(false);
      }
      settleAll(model);
      expect(model.state()).toMatchObject({ reading: { balance: model.chain() }, reservations: {} });
    }),
    { numRuns: 1000 },
  );
});

test('whatever strangers burn, the books end at the chain once nothing is pending and a reading was made', () => {
  fc.assert(
    fc.property(fc.array(anyone, { maxLength: 60, size: 'max' }), (steps) => {
      const model = createModel();
      for (const step of steps) {
        if (step.act === 'strangerBurns' && step.shares > model.chain()) continue;
        run(model, step);
      }
      settleAll(model);
      expect(model.state()).toMatchObject({ reading: { balance: model.chain() }, readingDue: false });
    }),
    { numRuns: 1000 },
  );
});

function settleAll(model: ReturnType<typeof createModel>) {
  for (let round = 0; round < 70; round++) model.releaseOne();
  for (let round = 0; round < 70; round++) model.settleOne();
  model.read(0);
}
