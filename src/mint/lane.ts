import type { Address } from 'viem';
import type { TransactionReceipt } from '../chain/rpc/types.ts';
import type { Change, Ledger, Loaded } from '../event-store/ledger.ts';
import { change } from '../event-store/ledger.ts';
import { requireUnfrozen } from '../operation/frozen-work.ts';
import { IssuanceError } from '../primitives/failures.ts';
import type { Inventory } from '../receipt/inventory.ts';
import { requireUnsplit } from '../receipt/splits.ts';
import type { LaneFeature, Outcome, SettleOutcome, SignedTransaction } from '../transaction/lane-feature.ts';
import type { MintEffect as ReadEffect, PlannedMint } from '../vault/mint-effects.ts';
import { readMintEffects } from '../vault/mint-effects.ts';
import type { MintCommand } from './decide.ts';
import { decideMint } from './decide.ts';
import { depositChange, mintEffectOf, plannedOf } from './effects.ts';
import { evolveMint } from './evolve.ts';
import type { MintPlanOptions } from './lane-plan.ts';
import { planMints } from './lane-plan.ts';
import { mintKind } from './mint-kind.ts';
import type { MintState } from './state.ts';
import { isKnown } from './state.ts';

export interface MintLaneOptions extends MintPlanOptions {
  readonly ledger: Ledger;
  readonly inventory: Pick<Inventory, 'depositOf' | 'deposited'>;
}

/** Creates what the lanes ask of mints. */
export function createMintLane(options: MintLaneOptions): LaneFeature {
  const { ledger, inventory } = options;

  /** One command on every operation of a transaction; what it does not concern stays as it is. */
  const each = async (transaction: SignedTransaction, command: MintCommand): Promise<Outcome> => {
    const loaded = await ledger.loadMany(mintKind, idsOf(transaction));
    return { changes: loaded.flatMap((it) => changeOf(it, [command])) };
  };

  return {
    kind: 'mint',
    readyEvents: [
      'JournalCompleted',
      'LaneChanged',
      'MintReleased',
      'MintResumed',
      'SplitCountRecorded',
      'MintRetargeted',
      'RecoveryAsked',
    ],
    plan: (ids, lane) => planMints(options, ids, lane),

    async signed(transaction) {
      const { id, lane, vault } = transaction;
      const loaded = await ledger.loadMany(mintKind, idsOf(transaction));
      if (vault !== null) {
        const carried = loaded.flatMap(({ state }) => ('mint' in state ? [state.mint.splits] : []));
        await requireUnsplit(options.splits, lane.network, vault, carried);
      }
      const underlyings = loaded.flatMap(({ state }) =>
        'mint' in state ? [state.mint.terms.underlying] : [],
      );
      const requires = await requireUnfrozen(options.catalog, underlyings);
      const changes = loaded.flatMap((it) => changeOf(it, [{ type: 'submit', transactionId: id }]));
      return { changes: [...changes, ...requires] };
    },

    settle: (transaction, receipt) => settle(options, transaction, receipt),
    unsettle: (transaction, why) =>
      each(transaction, { type: 'unsettle', transactionId: transaction.id, why }),
    release: (transaction, why) =>
      each(transaction, {
        type: 'release',
        transactionId: transaction.id,
        why: why.text,
        alone: why.kind === 'reverted',
      }),

    hold: (transaction, why) => each(transaction, { type: 'hold', why }),

    async settleFound({ lane, vault, operationIds }, receipt) {
      const loaded = await ledger.loadMany(mintKind, operationIds);
      const planned = loaded.map((it) => plannedOf(it));
      const reading = readMintEffects(receipt.logs, vault, lane.signer, planned);
      const effects =
        reading.kind === 'asPlanned'
          ? reading.effects
          : reading.outcomes.flatMap((it) => (it.kind === 'effect' ? [it.effect] : []));
      const outcome: { changes: Change[]; unexplained: string[] } = { changes: [], unexplained: [] };
      for (const mint of loaded) {
        const effect = effects.find((it) => it.operationId === mint.id);
        const events = effect === undefined ? null : findEvents(mint, vault, effect, receipt);
        if (effect === undefined || events === null) {
          outcome.unexplained.push(mint.id);
        } else {
          outcome.changes.push(...(events.length === 0 ? [] : [change(mintKind, mint, events)]));
          outcome.changes.push(...(await depositChange(inventory, lane, vault, effect, receipt)));
        }
      }
      return outcome;
    },
  };
}

async function settle(
  { ledger, inventory }: MintLaneOptions,
  transaction: SignedTransaction,
  receipt: TransactionReceipt,
): Promise<SettleOutcome> {
  const { lane, vault, operations } = transaction;
  if (vault === null)
    throw new IssuanceError('log_corrupt', `transaction ${transaction.id} mints on no vault`);
  const planned = operations.map(({ id, detail }): PlannedMint => {
    const { shares, recipient } = detail;
    return { operationId: id, shares: shares as bigint, recipient: recipient as Address };
  });
  const reading = readMintEffects(receipt.logs, vault, lane.signer, planned);
  const loaded = await ledger.loadMany(mintKind, idsOf(transaction));
  const isAsPlanned = reading.kind === 'asPlanned';
  const effects = isAsPlanned
    ? reading.effects
    : reading.outcomes.flatMap((it) => (it.kind === 'effect' ? [it.effect] : []));
  const changes: Change[] = [];
  const wrong = isAsPlanned ? [] : [reading.why];
  for (const mint of loaded) {
    const effect = effects.find((it) => it.operationId === mint.id);
    const commands: MintCommand[] = isAsPlanned
      ? []
      : [{ type: 'hold', why: `unexpected effect: ${reading.why}` }];
    if (effect !== undefined) {
      const counted = { ...mintEffectOf(effect, receipt), transactionId: transaction.id };
      const settling: MintCommand = { type: 'settle', effect: counted };
      const misfit = misfitOf(settling, mint.state);
      changes.push(...(await depositChange(inventory, lane, vault, effect, receipt)));
      if (misfit === null) commands.unshift(settling);
      else {
        // It had its effect elsewhere: one second mint must not keep the others of the batch from being counted.
        const why = `a second effect of mint ${mint.id} in ${receipt.transactionHash}: ${misfit}`;
        wrong.push(why);
        commands.push({ type: 'hold', why });
      }
    }
    changes.push(...changeOf(mint, commands));
  }
  return wrong.length === 0
    ? { kind: 'settled', changes }
    : { kind: 'unexpected', why: wrong.join('; '), changes };
}

/** Why a command does not fit a mint; null when it does. */
function misfitOf(command: MintCommand, state: MintState): string | null {
  try {
    decideMint(command, state);
    return null;
  } catch (error) {
    if (error instanceof IssuanceError && error.code === 'operation_state') return error.message;
    throw error;
  }
}

function idsOf(transaction: SignedTransaction): readonly string[] {
  return transaction.operations.map(({ id }) => id);
}

function changeOf(loaded: Loaded<MintState>, commands: readonly MintCommand[]): readonly Change[] {
  let { state } = loaded;
  const events = commands.flatMap((command) => {
    // An end needs no hold: what is unexpected about it stops the vault, which is alarm enough.
    if (command.type === 'hold' && ['completed', 'rejected', 'closed'].includes(state.kind)) return [];
    const decided = decideMint(command, state);
    state = decided.reduce(evolveMint, state);
    return decided;
  });
  return events.length === 0 ? [] : [change(mintKind, loaded, events)];
}

/** The events of a proven mint; null where the mint's own state contradicts it. */
function findEvents(
  { state }: Loaded<MintState>,
  vault: Address,
  effect: ReadEffect,
  receipt: TransactionReceipt,
): ReturnType<typeof decideMint> | null {
  if (!isKnown(state) || state.mint.terms.vault !== vault) return null;
  try {
    return decideMint(
      { type: 'find', effect: { ...mintEffectOf(effect, receipt), transactionId: null } },
      state,
    );
  } catch (error) {
    // It counts another effect already, or is at another end: a person must see it, and the lane alarms.
    if (error instanceof IssuanceError && error.code === 'operation_state') return null;
    throw error;
  }
}
