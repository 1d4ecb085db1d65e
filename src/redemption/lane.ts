import type { TransactionReceipt } from '../chain/rpc/types.ts';
import type { Change, Ledger, Loaded } from '../event-store/ledger.ts';
import { change } from '../event-store/ledger.ts';
import { requireUnfrozen } from '../operation/frozen-work.ts';
import { IssuanceError } from '../primitives/failures.ts';
import type { Inventory } from '../receipt/inventory.ts';
import { requireUnsplit } from '../receipt/splits.ts';
import type { LaneFeature, Outcome, SettleOutcome, SignedTransaction } from '../transaction/lane-feature.ts';
import { readBurnEffect } from '../vault/burn-effects.ts';
import { decideRedemption } from './decide.ts';
import { settleFoundBurn } from './lane-found.ts';
import type { BurnPlanOptions } from './lane-plan.ts';
import { planBurns, readDetail } from './lane-plan.ts';
import { redemptionKind } from './redemption-kind.ts';
import type { BurnPart, RedemptionEvent, RedemptionState } from './state.ts';

export interface RedemptionLaneOptions extends BurnPlanOptions {
  readonly ledger: Ledger;
  readonly inventory: Inventory;
}

/** Creates what the lanes ask of redemptions: each part of a burn is a transaction of its own. */
export function createRedemptionLane(options: RedemptionLaneOptions): LaneFeature {
  const { ledger, inventory } = options;
  const load = (transaction: SignedTransaction): Promise<Loaded<RedemptionState>> =>
    ledger.load(redemptionKind, onlyOperation(transaction).id);

  return {
    kind: 'redemption',
    readyEvents: [
      'RedemptionJournaled',
      'BurnSettled',
      'BurnFound',
      'BurnReleased',
      'RedemptionResumed',
      'RecoveryAsked',
      'SplitCountRecorded',
    ],
    plan: (ids, lane) => planBurns(options, ids, lane),

    async signed(transaction) {
      const loaded = await load(transaction);
      const { chainId, vault } = placeOf(transaction);
      const carried = 'redemption' in loaded.state ? [loaded.state.redemption.splits] : [];
      await requireUnsplit(options.splits, transaction.lane.network, vault, carried);
      const underlyings = 'redemption' in loaded.state ? [loaded.state.redemption.transfer.underlying] : [];
      const requires = await requireUnfrozen(options.catalog, underlyings);
      const { picks, dust } = readDetail(onlyOperation(transaction).detail);
      const sign = { type: 'sign', transactionId: transaction.id, picks, dust } as const;
      const events = decideRedemption(sign, loaded.state);
      const reserved = await inventory.reserve(loaded.id, transaction.id, chainId, vault, picks);
      return join(loaded, events, [...reserved, ...requires]);
    },

    settle: async (transaction, receipt) => settle(options, transaction, receipt, await load(transaction)),

    async unsettle(transaction, why) {
      const loaded = await load(transaction);
      const part = partOf(loaded.state, transaction);
      const command = { type: 'unsettle', transactionId: transaction.id, why } as const;
      const events = decideRedemption(command, loaded.state);
      if (events.length === 0 || part === null || part.effect === null) return { changes: [] };
      const { chainId, vault } = placeOf(transaction);
      const { transactionHash } = part.effect;
      return join(
        loaded,
        events,
        await inventory.unburned(loaded.id, chainId, vault, part.picks, transactionHash, why),
      );
    },

    async release(transaction, why) {
      const loaded = await load(transaction);
      const part = partOf(loaded.state, transaction);
      const command = { type: 'release', transactionId: transaction.id, why: why.text } as const;
      const events = decideRedemption(command, loaded.state);
      if (events.length === 0 || part === null) return { changes: [] };
      const { chainId, vault } = placeOf(transaction);
      const freed = await inventory.release(loaded.id, chainId, vault, part.picks, why.text);
      return join(loaded, events, freed);
    },

    async hold(transaction, why) {
      const loaded = await load(transaction);
      return join(
        loaded,
        isOver(loaded.state) ? [] : decideRedemption({ type: 'hold', why }, loaded.state),
        [],
      );
    },

    settleFound: (found, receipt) => settleFoundBurn(options, found, receipt),
  };
}

async function settle(
  { inventory }: RedemptionLaneOptions,
  transaction: SignedTransaction,
  receipt: TransactionReceipt,
  loaded: Loaded<RedemptionState>,
): Promise<SettleOutcome> {
  const { id, detail } = onlyOperation(transaction);
  const { chainId, vault } = placeOf(transaction);
  const { picks, dust, recipient } = readDetail(detail);
  const reading = readBurnEffect(receipt.logs, vault, transaction.lane.signer, {
    operationId: id,
    burns: picks,
    dust: dust === 0n ? undefined : { to: recipient, amount: dust },
  });
  if (reading.kind === 'unexpected') {
    const why = `unexpected effect: ${reading.why}`;
    const events = isOver(loaded.state) ? [] : decideRedemption({ type: 'hold', why }, loaded.state);
    return { kind: 'unexpected', why: reading.why, ...join(loaded, events, []) };
  }
  const { transactionHash, blockNumber, blockHash } = receipt;
  const ordinals = reading.effect.burned.map((it) => it.withdrawOrdinal);
  const effect = { transactionHash, blockNumber, blockHash, ordinals };
  const events = decideRedemption({ type: 'settle', transactionId: transaction.id, effect }, loaded.state);
  if (events.length === 0) return { kind: 'settled', changes: [] };
  const burned = await inventory.burned(id, chainId, vault, picks, { transactionHash, blockNumber });
  return { kind: 'settled', ...join(loaded, events, burned) };
}

/** An end needs no hold. */
function isOver({ kind }: RedemptionState): boolean {
  return ['completed', 'rejected', 'closed', 'refunding', 'refunded'].includes(kind);
}

function join(
  loaded: Loaded<RedemptionState>,
  events: readonly RedemptionEvent[],
  further: readonly Change[],
): Outcome {
  return { changes: [...(events.length === 0 ? [] : [change(redemptionKind, loaded, events)]), ...further] };
}

function partOf(state: RedemptionState, transaction: SignedTransaction): BurnPart | null {
  if (!('redemption' in state)) return null;
  return state.redemption.parts.find((it) => it.transactionId === transaction.id) ?? null;
}

function onlyOperation(transaction: SignedTransaction): SignedTransaction['operations'][number] {
  const [operation, ...more] = transaction.operations;
  if (operation === undefined || more.length > 0) {
    throw new IssuanceError('log_corrupt', `transaction ${transaction.id} is not of one burn`);
  }
  return operation;
}

function placeOf({ id, lane, vault }: SignedTransaction): {
  chainId: number;
  vault: NonNullable<SignedTransaction['vault']>;
} {
  if (vault === null) throw new IssuanceError('log_corrupt', `transaction ${id} burns on no vault`);
  return { chainId: lane.chainId, vault };
}
