import { stageOf } from '../../operation/sole-stage.ts';
import type { Loaded } from '../../event-store/ledger.ts';
import { change } from '../../event-store/ledger.ts';
import type { ActionCall, Assess, Assessment } from '../../operation/actions.ts';
import { actionMetadata, done, refused } from '../../operation/actions.ts';
import { lookAtWork } from '../../operation/look-at-work.ts';
import { unreachable } from '../../primitives/failures.ts';
import { laneId } from '../../transaction/lane-id.ts';
import { compareSplits } from '../../vault/split-count.ts';
import { decideRefund } from '../decide.ts';
import { refundKind } from '../refund-kind.ts';
import type { KnownRefund, RefundEvent, RefundState } from '../state.ts';
import type { RefundActionOptions } from './options.ts';

/** Looks at a refund, and takes the step that is right now. */
export function createRecoverRefund(options: RefundActionOptions): Assess {
  return async (call) => {
    const loaded: Loaded<RefundState> = await options.ledger.load(refundKind, call.id);
    const { state, version } = loaded;
    switch (state.kind) {
      case 'none':
        return refused(version, [], 'there is no such refund');
      case 'completed':
        return done(version, [], `the tokens went back in ${state.effect.transactionHash}`);
      case 'closed':
        return done(version, [], `it was closed: refund of its redemption begins it anew (${state.why})`);
      case 'requested':
      case 'submitted':
      case 'held':
        return recoverOpen(options, call, { ...loaded, state });
      default:
        return unreachable(state);
    }
  };
}

async function recoverOpen(
  options: RefundActionOptions,
  call: ActionCall,
  loaded: Loaded<KnownRefund>,
): Promise<Assessment> {
  const { state, version } = loaded;
  const { terms, splits } = state.refund;
  const isHeld = state.kind === 'held';
  const stage = stageOf(state);
  const found = isHeld
    ? [`held: ${state.why}`]
    : lookAtWork(await options.work(call.id), options.clock.nowMs());
  const events: readonly RefundEvent[] = isHeld
    ? decideRefund({ type: 'resume', found }, state)
    : [{ type: 'RecoveryAsked', data: { found } }];
  const act = (what: string, wake: readonly string[]): Assessment => ({
    version,
    found,
    verdict: {
      kind: 'act',
      what,
      run: async () => {
        const changes = [change(refundKind, loaded, events)];
        await options.ledger.commit({ changes, metadata: actionMetadata(call) });
        options.desk.wake([call.id, ...wake]);
      },
    },
  });
  if (stage?.kind === 'submitted') {
    const look = await options.desk.look(stage.transactionId);
    found.push(look.text);
    if (isHeld && !look.isLive) {
      const why = 'its transaction is final and did something else: complete takes evidence, close ends it';
      return refused(version, found, why);
    }
    return act('its transaction is looked at now', [stage.transactionId]);
  }
  const forgotten = await options.desk.forgotten(terms.chainId, call.id);
  if (forgotten !== null) {
    const why = `${forgotten.hash}, which this database had forgotten, names it: complete takes it`;
    return refused(version, found, why);
  }
  const reading = await options.splits.now(terms.network, terms.vault);
  const verdict = compareSplits(splits, reading);
  if (isHeld && (verdict.kind === 'split' || verdict.kind === 'behind')) {
    return refused(version, [...found, verdict.why], 'its vault split again since it was held');
  }
  return act('its lane plans it now', [laneId(terms.chainId, terms.holder)]);
}
