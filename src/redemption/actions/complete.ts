import type { Loaded, Outcome } from '../../event-store/ledger.ts';
import { change } from '../../event-store/ledger.ts';
import type { ActionCall, Assess, Assessment } from '../../operation/actions.ts';
import { actionMetadata, done, refused } from '../../operation/actions.ts';
import { onlyHash } from '../../operation/evidence.ts';
import { laneId } from '../../transaction/lane-id.ts';
import { isRefundable } from '../decide-refund.ts';
import { decideRedemption } from '../decide.ts';
import { evolveRedemption } from '../evolve.ts';
import { redemptionKind } from '../redemption-kind.ts';
import type { KnownRedemption, RedemptionState } from '../state.ts';
import type { RedemptionActionOptions } from './options.ts';
import { returnByHand } from './return-by-hand.ts';
import type { Overdue } from './unplanned.ts';
import { freeReceipts, proveFinalBurn, withoutPart } from './unplanned.ts';

/** Counts a burn that a final block shows, and nothing else; the last one ends the redemption. */
export function createCompleteRedemption(options: RedemptionActionOptions): Assess {
  return async (call) => {
    const loaded = await options.ledger.load(redemptionKind, call.id);
    const { state, version } = loaded;
    const named = onlyHash(call.evidence);
    if ('fault' in named) return refused(version, [], named.fault);
    const { hash } = named;
    if (!('redemption' in state)) return refused(version, [], 'nothing of it is to be burned');
    if (state.kind === 'refunded' && state.transactionHash === hash) {
      return done(version, [], `its tokens went back in ${hash}`);
    }
    if (isRefundable(state)) return returnByHand(options, call, { ...loaded, state }, hash);
    const counted = state.redemption.parts.some((it) => it.effect?.transactionHash === hash);
    if (counted && state.kind !== 'held') return done(version, [], `the burn in ${hash} is counted`);
    const stage = state.kind === 'held' ? state.from : state;
    if (stage.kind !== 'journaled' && stage.kind !== 'burning') {
      return refused(version, [], `it is ${state.kind}: only what Alpaca journaled is burned`);
    }
    const part = state.redemption.parts.find((it) => it.effect === null);
    if (part === undefined) return prove(options, call, { ...loaded, state }, hash, null);
    const { used, text } = await options.desk.look(part.transactionId);
    if (used === null) {
      const why = 'its own burn is pending, and is counted as soon as a block holds it';
      return refused(version, [text], why);
    }
    return prove(options, call, { ...loaded, state }, hash, { part, used });
  };
}

/** `overdue`: what the burn stands in for, whose own transaction is final and did not do what was planned. */
async function prove(
  options: RedemptionActionOptions,
  call: ActionCall,
  loaded: Loaded<KnownRedemption>,
  hash: `0x${string}`,
  overdue: Overdue | null,
): Promise<Assessment> {
  const { id, version } = loaded;
  const { redemption } = loaded.state;
  const { chainId, vault } = redemption.transfer;
  const without = overdue === null ? null : withoutPart(loaded.state, overdue);
  const state = without?.state ?? loaded.state;
  const proven = await proveFinalBurn(options, id, state, hash);
  if (typeof proven === 'string') return refused(version, [], proven);
  const { at, burn } = proven;
  const found = [`${hash} burned for it in the final block ${String(at.blockNumber)}`];
  const burned = proven.events.length === 0 ? null : { picks: burn.picks, at };
  const books: Outcome | string =
    overdue !== null
      ? await freeReceipts(options, id, redemption, overdue, burned)
      : {
          changes: burned === null ? [] : await options.inventory.burned(id, chainId, vault, burn.picks, at),
        };
  if (typeof books === 'string') return refused(version, found, books);
  const events = [...(without === null ? [] : [without.released]), ...proven.events];
  const after = proven.events.reduce<RedemptionState>(evolveRedemption, state);
  if (after.kind === 'held') events.push(...decideRedemption({ type: 'resume', found }, after));
  const run = async (): Promise<void> => {
    await options.ledger.commit({
      changes: [change(redemptionKind, loaded, events), ...books.changes],
      guards: books.guards ?? [],
      metadata: actionMetadata(call),
    });
    options.desk.wake([id, laneId(chainId, redemption.holder)]);
  };
  return { version, found, verdict: { kind: 'act', what: 'the burn counts', run } };
}
