import type { Loaded } from '../../event-store/ledger.ts';
import { change } from '../../event-store/ledger.ts';
import type { ActionCall, Assess, Assessment, Verdict } from '../../operation/actions.ts';
import { actionMetadata, done, refused } from '../../operation/actions.ts';
import { cancelNow } from '../../operation/closing.ts';
import { acknowledged } from '../../operation/evidence.ts';
import { unreachable } from '../../primitives/failures.ts';
import { formatQuantity } from '../../primitives/quantity.ts';
import { decideMint } from '../decide.ts';
import { mintKind } from '../mint-kind.ts';
import type { KnownMint, MintStage, MintState } from '../state.ts';
import { askAlpaca, proveMint } from './look.ts';
import type { MintActionOptions } from './options.ts';

/** Ends a mint without effect. While its nonce may still bring one, it is cancelled first. */
export function createCloseMint(options: MintActionOptions): Assess {
  return async (call) => {
    const loaded = await options.ledger.load(mintKind, call.id);
    const { state, version } = loaded;
    switch (state.kind) {
      case 'unrequested':
        return closeConfirm(options, call, loaded, state);
      case 'closed':
      case 'dismissed':
        return done(version, [], `it was closed before: ${state.why}`);
      case 'completed':
        return refused(version, [], `it is completed in ${state.effect.transactionHash}`);
      case 'rejected':
        return refused(version, [], 'its journal was rejected, so it has ended without effect already');
      case 'none':
        return refused(version, [], 'there is no such mint');
      case 'held':
        return closeOpen(options, call, { ...loaded, state }, state.from);
      case 'requested':
      case 'journaled':
      case 'submitted':
      case 'minted':
        return closeOpen(options, call, { ...loaded, state }, state);
      default:
        return unreachable(state);
    }
  };
}

async function closeConfirm(
  options: MintActionOptions,
  call: ActionCall,
  loaded: Loaded<MintState>,
  state: Extract<MintState, { kind: 'unrequested' }>,
): Promise<Assessment> {
  const { version } = loaded;
  const { tokenizationRequestId } = state;
  if (tokenizationRequestId === null) {
    const found = ['it names no request, so that only you can tell what it was about'];
    const what = 'it is taken as judged by you, and should Alpaca send it again, it is answered as done';
    return { version, found, verdict: commitClose(options, call, loaded, found, { isLive: false, what }) };
  }
  const { record, text } = await askAlpaca(options, tokenizationRequestId);
  if (record !== null)
    return refused(version, [text], 'Alpaca knows the request: recover fills the mint in from it');
  const what = 'its confirm is no longer looked up; a request or another confirm opens it again';
  return {
    version,
    found: [text],
    verdict: commitClose(options, call, loaded, [text], { isLive: false, what }),
  };
}

async function closeOpen(
  options: MintActionOptions,
  call: ActionCall,
  loaded: Loaded<KnownMint>,
  stage: MintStage,
): Promise<Assessment> {
  const { version } = loaded;
  switch (stage.kind) {
    case 'minted':
      return refused(
        version,
        [`it had its effect in ${stage.effect.transactionHash}`],
        'it took effect, so it cannot end without one: recover tells Alpaca, complete ends it by that transaction',
      );
    case 'submitted':
      return closeSubmitted(options, call, loaded, stage.transactionId);
    case 'requested':
    case 'journaled':
      return closeUnsigned(options, call, loaded, stage);
    default:
      return unreachable(stage);
  }
}

/** No nonce is promised to it: nothing of ours can mint it but a transaction that this database forgot. */
async function closeUnsigned(
  options: MintActionOptions,
  call: ActionCall,
  loaded: Loaded<KnownMint>,
  stage: Extract<MintStage, { kind: 'requested' | 'journaled' }>,
): Promise<Assessment> {
  const { id, version, state } = loaded;
  const { terms, voidedDeposits } = state.mint;
  const forgotten = await options.desk.forgotten(terms.chainId, id);
  if (forgotten !== null) {
    return refused(
      version,
      [],
      `${forgotten.hash}, which this database had forgotten, names it and is not explained`,
    );
  }
  const deposit = await options.inventory.depositOf(id, voidedDeposits);
  if (deposit !== null) {
    const { transactionHash } = deposit;
    return refused(
      version,
      [],
      `${transactionHash} deposited for it: recover looks at that, complete ends it by it`,
    );
  }
  const { record, text } = await askAlpaca(options, terms.tokenizationRequestId);
  if (record !== null && (record.transactionHash !== null || record.status === 'completed')) {
    return refused(
      version,
      [text],
      'Alpaca was told that it is minted: complete ends it by that transaction',
    );
  }
  const found = [text, sharesText(loaded, stage.kind)];
  const what = 'it ends without effect';
  return { version, found, verdict: commitClose(options, call, loaded, found, { isLive: false, what }) };
}

async function closeSubmitted(
  options: MintActionOptions,
  call: ActionCall,
  loaded: Loaded<KnownMint>,
  transactionId: string,
): Promise<Assessment> {
  const { id, version, state } = loaded;
  const look = await options.desk.look(transactionId);
  const found = [look.text, sharesText(loaded, 'journaled')];
  if (look.operations > 1)
    found.push(`it shares it with ${String(look.operations - 1)} others, which go out again`);
  if (look.used !== null) {
    const { hash } = look.used;
    const proven = await proveMint(options, loaded, hash);
    if (typeof proven !== 'string') {
      const why = `${hash} minted it after all: complete counts that, with the hash as evidence`;
      return refused(version, [...found, proven.text], why);
    }
    found.push(proven);
    const what =
      'it ends: its transaction is final and did something that was not planned, which only you can put right';
    return { version, found, verdict: commitClose(options, call, loaded, found, { isLive: false, what }) };
  }
  if (call.evidence.length > 0) {
    const fault = await acknowledged(options.desk, transactionId, look.hashes, call.evidence);
    if (fault !== null) return refused(version, found, fault);
    const what = 'it ends on your word, its transaction stays watched, and an effect would open it again';
    return { version, found, verdict: commitClose(options, call, loaded, found, { isLive: false, what }) };
  }
  const cancel = async (): Promise<string> => {
    const told = await cancelNow(options.desk, id, transactionId);
    options.desk.wake([transactionId]);
    return told;
  };
  if (state.mint.closing !== null) {
    return done(
      version,
      found,
      'it is being closed: that ends it when the block that uses its nonce is final',
    );
  }
  const what =
    'its nonce is cancelled, and it ends when the block that used it is final; its effect would win';
  const closing = commitClose(options, call, loaded, found, { isLive: true, what, afterwards: cancel });
  return { version, found, verdict: closing };
}

function commitClose(
  { ledger }: MintActionOptions,
  call: ActionCall,
  loaded: Loaded<MintState>,
  found: readonly string[],
  how: { readonly isLive: boolean; readonly what: string; readonly afterwards?: () => Promise<string> },
): Verdict {
  const { isLive, what, afterwards } = how;
  const run = async (): Promise<string | void> => {
    const why = call.metadata.reason;
    const events = decideMint({ type: 'close', why, isLive, found }, loaded.state);
    await ledger.commit({ changes: [change(mintKind, loaded, events)], metadata: actionMetadata(call) });
    return afterwards?.();
  };
  return { kind: 'act', what, run };
}

function sharesText({ state }: Loaded<KnownMint>, stage: 'requested' | 'journaled'): string {
  const { quantity, underlying } = state.mint.terms;
  const shares = `${formatQuantity(quantity)} ${underlying}`;
  return stage === 'requested'
    ? `no journal of ${shares} was confirmed; should it be later, the mint is held for you`
    : `${shares} stay journaled with us at Alpaca: the participant has neither shares nor tokens until you move them`;
}
