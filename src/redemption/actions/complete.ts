import type { Loaded } from '../../event-store/ledger.ts';
import { change } from '../../event-store/ledger.ts';
import type { ActionCall, Assess, Assessment } from '../../operation/actions.ts';
import { actionMetadata, done, refused } from '../../operation/actions.ts';
import { onlyHash } from '../../operation/evidence.ts';
import { laneId } from '../../transaction/lane-id.ts';
import { readTag } from '../../vault/tag.ts';
import { decideRedemption } from '../decide.ts';
import { evolveRedemption } from '../evolve.ts';
import { proveBurn } from '../lane-found.ts';
import { redemptionKind } from '../redemption-kind.ts';
import type { KnownRedemption, RedemptionState } from '../state.ts';
import type { RedemptionActionOptions } from './options.ts';

/** Counts a burn that a final block shows, and nothing else; the last one ends the redemption. */
export function createCompleteRedemption(options: RedemptionActionOptions): Assess {
  return async (call) => {
    const loaded = await options.ledger.load(redemptionKind, call.id);
    const { state, version } = loaded;
    const named = onlyHash(call.evidence);
    if ('fault' in named) return refused(version, [], named.fault);
    const { hash } = named;
    if (!('redemption' in state)) return refused(version, [], 'nothing of it is to be burned');
    const counted = state.redemption.parts.some((it) => it.effect?.transactionHash === hash);
    if (counted && state.kind !== 'held') return done(version, [], `the burn in ${hash} is counted`);
    const stage = state.kind === 'held' ? state.from : state;
    if (stage.kind !== 'journaled' && stage.kind !== 'burning') {
      return refused(version, [], `it is ${state.kind}: only what Alpaca journaled is burned`);
    }
    return prove(options, call, { ...loaded, state }, hash);
  };
}

async function prove(
  options: RedemptionActionOptions,
  call: ActionCall,
  loaded: Loaded<KnownRedemption>,
  hash: `0x${string}`,
): Promise<Assessment> {
  const { id, version, state } = loaded;
  const { redemption } = state;
  const { network, chainId, vault } = redemption.transfer;
  const pending = redemption.parts.find((it) => it.effect === null);
  if (pending !== undefined) {
    const look = await options.desk.look(pending.transactionId);
    return refused(
      version,
      [look.text],
      'its own burn is pending, and is counted as soon as a block holds it',
    );
  }
  const evidence = await options.desk.finalTransaction(network, hash);
  if (typeof evidence === 'string') return refused(version, [], evidence);
  const { transaction, receipt } = evidence;
  const signer = transaction.from;
  if (!options.wallets(network).includes(signer)) {
    return refused(version, [], `${hash} was sent by ${signer}, who is none of our signers`);
  }
  const ids = readTag(transaction.input)?.operationIds ?? [];
  if (receipt.status !== 1 || ids.length !== 1 || ids[0] !== id) {
    return refused(version, [], `${hash} reverted, or its tag does not name this redemption alone`);
  }
  const lane = { lane: laneId(chainId, signer), network, chainId, signer };
  const proven = proveBurn(state, { lane, vault }, receipt, id);
  if (proven === null) return refused(version, [], `${hash} is no burn of what is left of it on ${vault}`);
  const found = [`${hash} burned for it in the final block ${String(receipt.blockNumber)}`];
  const events = [...proven.events];
  const after = events.reduce<RedemptionState>(evolveRedemption, state);
  if (after.kind === 'held') events.push(...decideRedemption({ type: 'resume', found }, after));
  const { picks } = proven.burn;
  const at = { transactionHash: hash, blockNumber: receipt.blockNumber };
  const burned =
    proven.events.length === 0 ? [] : await options.inventory.burned(id, chainId, vault, picks, at);
  const run = async (): Promise<void> => {
    await options.ledger.commit({
      changes: [change(redemptionKind, loaded, events), ...burned],
      metadata: actionMetadata(call),
    });
    options.desk.wake([id, laneId(chainId, redemption.transfer.holder)]);
  };
  return { version, found, verdict: { kind: 'act', what: 'the burn counts', run } };
}
