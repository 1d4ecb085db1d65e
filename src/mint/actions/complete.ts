import type { Loaded } from '../../event-store/ledger.ts';
import { change } from '../../event-store/ledger.ts';
import type { ActionCall, Assess, Assessment } from '../../operation/actions.ts';
import { actionMetadata, done, refused } from '../../operation/actions.ts';
import { onlyHash } from '../../operation/evidence.ts';
import type { MintCommand } from '../decide.ts';
import { decideMint } from '../decide.ts';
import { evolveMint } from '../evolve.ts';
import { mintKind } from '../mint-kind.ts';
import type { KnownMint, MintEvent, MintState } from '../state.ts';
import { effectOf, isKnown } from '../state.ts';
import type { ProvenMint } from './look.ts';
import { askAlpaca, proveMint } from './look.ts';
import type { MintActionOptions } from './options.ts';

/** Ends a mint by a transaction in a final block that minted it, and by nothing else. */
export function createCompleteMint(options: MintActionOptions): Assess {
  return async (call) => {
    const loaded = await options.ledger.load(mintKind, call.id);
    const { state, version } = loaded;
    if (!isKnown(state))
      return refused(version, [], 'nothing is known of its request, which says what was to be minted');
    const named = onlyHash(call.evidence);
    if ('fault' in named) return refused(version, [], named.fault);
    const { hash } = named;
    const counted = effectOf(state);
    if (state.kind === 'completed' && counted?.transactionHash === hash) {
      return done(version, [], `it is completed in ${hash}`);
    }
    if (counted !== null && counted.transactionHash !== hash) {
      return refused(
        version,
        [],
        `it counts its effect in ${counted.transactionHash}: two would be two mints`,
      );
    }
    if (state.kind === 'rejected') return refused(version, [], 'its journal was rejected');
    const live = await liveTransaction(options, state, hash);
    if (live !== null) return refused(version, [live], 'its nonce may still bring another effect');
    const proven = await proveMint(options, { ...loaded, state }, hash);
    if (typeof proven === 'string') return refused(version, [], proven);
    return counted === null
      ? settle(options, call, { ...loaded, state }, proven)
      : end(options, call, { ...loaded, state }, proven);
  };
}

/** A transaction beside the one of the evidence that may still mint it; null when there is none. */
async function liveTransaction(
  options: MintActionOptions,
  state: KnownMint,
  hash: string,
): Promise<string | null> {
  const stage = state.kind === 'held' || state.kind === 'closed' ? state.from : state;
  if (stage.kind !== 'submitted') return null;
  const look = await options.desk.look(stage.transactionId);
  return look.isLive && !look.hashes.some((it) => it === hash) ? look.text : null;
}

/** Counts the effect, which the engine then tells Alpaca of. */
async function settle(
  options: MintActionOptions,
  call: ActionCall,
  loaded: Loaded<KnownMint>,
  { effect, changes, text }: ProvenMint,
): Promise<Assessment> {
  const { version } = loaded;
  const what = 'its mint counts as done, and Alpaca is told';
  return {
    version,
    found: [text],
    verdict: act(options, call, loaded, what, [{ type: 'find', effect }], changes),
  };
}

/** Its effect is counted: what is missing is Alpaca's answer, and a person decides to end it without. */
async function end(
  options: MintActionOptions,
  call: ActionCall,
  loaded: Loaded<KnownMint>,
  { effect, changes, text }: ProvenMint,
): Promise<Assessment> {
  const { version, state } = loaded;
  const at = await askAlpaca(options, state.mint.terms.tokenizationRequestId);
  const knows = at.record?.transactionHash?.toLowerCase() === effect.transactionHash;
  const found = [text, at.text];
  if (state.kind === 'minted' && !knows && ((await options.work(call.id))?.attempts ?? 0) === 0) {
    // The same call again, or another operator's: it must not end what the first one left for Alpaca to be told of.
    const counted =
      'its mint is counted, and Alpaca is being told: should it not take that, the same call ends it';
    return done(version, found, counted);
  }
  const what = knows
    ? 'it is completed'
    : 'it is completed, although Alpaca was not told of this transaction, or has another';
  const { transactionHash } = effect;
  return {
    version,
    found,
    verdict: act(options, call, loaded, what, [{ type: 'completeCallback', transactionHash }], changes),
  };
}

function act(
  { ledger, desk }: MintActionOptions,
  call: ActionCall,
  loaded: Loaded<KnownMint>,
  what: string,
  commands: readonly MintCommand[],
  changes: ProvenMint['changes'],
): Assessment['verdict'] {
  const first: readonly MintCommand[] = commands[0]?.type === 'find' ? commands : [];
  const last: readonly MintCommand[] = first.length > 0 ? [] : commands;
  let state: MintState = loaded.state;
  const events: MintEvent[] = [];
  const take = (decided: readonly MintEvent[]): void => {
    state = decided.reduce(evolveMint, state);
    events.push(...decided);
  };
  for (const command of first) take(decideMint(command, state));
  if (state.kind === 'held') take(decideMint({ type: 'resume', found: [] }, state));
  for (const command of last) take(decideMint(command, state));
  return {
    kind: 'act',
    what,
    run: async () => {
      await ledger.commit({
        changes: [change(mintKind, loaded, events), ...changes],
        metadata: actionMetadata(call),
      });
      desk.wake([call.id]);
    },
  };
}
