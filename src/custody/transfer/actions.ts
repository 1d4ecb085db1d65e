import { stageOf } from '../../operation/sole-stage.ts';
import type { WorkRow } from '../../engine/work.ts';
import type { Ledger, Loaded, Outcome } from '../../event-store/ledger.ts';
import { change } from '../../event-store/ledger.ts';
import type { ActionCall, Assess, Assessment, OperationActions } from '../../operation/actions.ts';
import { actionMetadata, done, refused } from '../../operation/actions.ts';
import { cancelNow } from '../../operation/closing.ts';
import { lookAtWork } from '../../operation/look-at-work.ts';
import type { ForwardedBook } from '../../operation/transfer-terms.ts';
import type { Clock } from '../../ports/ports.ts';
import { receiptsOf } from '../../receipt/end-burn.ts';
import type { ReadFresh } from '../../receipt/fresh-balances.ts';
import type { Inventory } from '../../receipt/inventory.ts';
import type { TransactionDesk, TransactionLook } from '../../transaction/desk.ts';
import { laneId } from '../../transaction/lane-id.ts';
import { decideTransfer } from './decide.ts';
import type { KnownTransfer, TransferEvent } from './state.ts';
import { transferKind } from './transfer-kind.ts';

export interface TransferActionOptions {
  readonly ledger: Ledger;
  readonly book: ForwardedBook;
  readonly inventory: Pick<Inventory, 'endUnplanned'>;
  /** Reads balances of receipts now. */
  readonly readFresh: ReadFresh;
  readonly desk: TransactionDesk;
  readonly clock: Clock;
  /** The row of work of an operation; null at its end. */
  readonly work: (id: string) => Promise<WorkRow | null>;
}

/** What operators can do to transfers between our signers. */
export function createTransferActions(options: TransferActionOptions): OperationActions {
  return { recover: onOpen(options, recover), close: onOpen(options, close) };
}

type OpenAssess = (
  options: TransferActionOptions,
  call: ActionCall,
  loaded: Loaded<unknown> & { readonly state: KnownTransfer },
) => Promise<Assessment>;

/** What is at its end is left as it is, whatever is asked. */
function onOpen(options: TransferActionOptions, assess: OpenAssess): Assess {
  return async (call) => {
    const loaded = await options.ledger.load(transferKind, call.id);
    const { state, version } = loaded;
    if (state.kind === 'none') return refused(version, [], 'there is no such transfer');
    if (state.kind === 'completed')
      return done(version, [], `it took effect in ${state.effect.transactionHash}`);
    if (state.kind === 'closed') return done(version, [], `it was closed: ${state.why}`);
    const { chainId } = state.transfer.terms;
    const forgotten = await options.desk.forgotten(chainId, call.id);
    if (forgotten !== null) {
      const why = `${forgotten.hash}, which this database had forgotten, names it: its lane settles it`;
      return refused(version, [], why);
    }
    return assess(options, call, { ...loaded, state });
  };
}

const recover: OpenAssess = async (options, call, loaded) => {
  const { state, version } = loaded;
  const isHeld = state.kind === 'held';
  const stage = stageOf(state);
  const found = isHeld
    ? [`held: ${state.why}`]
    : [...lookAtWork(await options.work(call.id), options.clock.nowMs())];
  const { chainId, from } = state.transfer.terms;
  let wake = laneId(chainId, from);
  if (stage?.kind === 'submitted') {
    const look = await options.desk.look(stage.transactionId);
    found.push(look.text);
    wake = stage.transactionId;
    if (isHeld && !look.isLive) {
      return refused(version, found, 'its transaction is final and did something else: close ends it');
    }
  }
  const events: readonly TransferEvent[] = isHeld
    ? decideTransfer({ type: 'resume', found }, state)
    : [{ type: 'RecoveryAsked', data: { found } }];
  const run = async (): Promise<void> => {
    await commit(options, call, { changes: [change(transferKind, { ...loaded, state }, events)] });
    options.desk.wake([call.id, wake]);
  };
  return { version, found, verdict: { kind: 'act', what: 'its next step is taken now', run } };
};

const close: OpenAssess = async (options, call, loaded) => {
  const { state, version } = loaded;
  const { reason: why } = call.metadata;
  if (call.evidence.length > 0) return refused(version, [], 'a transfer is never ended on anybody’s word');
  const stage = stageOf(state);
  const { from } = state.transfer.terms;
  const found = [`what was to go over stays with ${from}`];
  const look = stage?.kind === 'submitted' ? await options.desk.look(stage.transactionId) : null;
  if (look !== null) found.push(look.text);
  const isLive = look?.isLive === true;
  if (isLive && state.transfer.closing !== null) return done(version, found, 'it is being closed');
  const events = decideTransfer({ type: 'close', why, isLive, found }, state);
  const books = isLive ? { changes: [] } : await freed(options, call.id, state, look, why);
  if (typeof books === 'string') return refused(version, found, books);
  const run = async (): Promise<string | void> => {
    const changes = [change(transferKind, { ...loaded, state }, events), ...books.changes];
    await commit(options, call, { ...books, changes });
    if (!isLive || stage?.kind !== 'submitted') return;
    const told = await cancelNow(options.desk, call.id, stage.transactionId);
    options.desk.wake([call.id, stage.transactionId]);
    return told;
  };
  const what_ = isLive
    ? 'its nonce is cancelled, and it ends when the block that used it is final; its effect would win'
    : 'it ends without effect';
  return { version, found, verdict: { kind: 'act', what: what_, run } };
};

/**
 * What a transfer that ends without effect gives back: its redemption goes its way, and its receipts are free as far as
 * the chain shows that they are still there. A text tells why they cannot be read now.
 */
async function freed(
  { book, inventory, readFresh }: TransferActionOptions,
  id: string,
  { transfer }: KnownTransfer,
  look: TransactionLook | null,
  why: string,
): Promise<Outcome | string> {
  const { terms, receipts } = transfer;
  const { what, network, chainId, vault } = terms;
  if (what.kind === 'redemption') return { changes: await book.ended(what.redemptionId, id, why) };
  const used = look?.used ?? null;
  if (receipts.length === 0 || used === null) return { changes: [] };
  const reserved = receipts.map((it) => ({ ...it, information: '0x' as const }));
  const end = { redemptionId: id, chainId, vault, reserved, burned: null, why };
  const place = { network, chainId, vault, fromBlock: used.blockNumber };
  const balances = await readFresh(place, receiptsOf(end));
  return typeof balances === 'string' ? balances : inventory.endUnplanned(end, balances);
}

async function commit(
  { ledger }: TransferActionOptions,
  call: ActionCall,
  { changes, guards = [] }: Outcome,
): Promise<void> {
  await ledger.commit({ changes, guards, metadata: actionMetadata(call) });
}
