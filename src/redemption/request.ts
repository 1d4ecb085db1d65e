import type { Address } from 'viem';
import type { AlpacaClient, TokenizationRequest } from '../alpaca/types.ts';
import type { RpcClient } from '../chain/rpc/types.ts';
import { DependencyDown } from '../engine/dependency-down.ts';
import type { StepResult } from '../engine/work.ts';
import type { Change, Ledger, Loaded } from '../event-store/ledger.ts';
import { change } from '../event-store/ledger.ts';
import { transact } from '../event-store/transact.ts';
import { failedStep, refusedStep } from '../operation/alpaca-error.ts';
import type { Catalog, Directory } from '../operation/directory.ts';
import { FROZEN, frozenMessage } from '../operation/frozen-work.ts';
import type { Standing } from '../operation/standing.ts';
import type { TransferOpener } from '../operation/transfer-terms.ts';
import type { Clock } from '../ports/ports.ts';
import { RpcFailure } from '../primitives/failures.ts';
import { refundId, uuidV5 } from '../primitives/uuid.ts';
import type { Inventory } from '../receipt/inventory.ts';
import type { Splits } from '../receipt/splits.ts';
import { splitWrite } from '../receipt/splits.ts';
import type { TransactionDesk } from '../transaction/desk.ts';
import { laneId } from '../transaction/lane-id.ts';
import type { SplitReading } from '../vault/split-count.ts';
import { compareSplits } from '../vault/split-count.ts';
import type { RedemptionCommand } from './decide.ts';
import { decideRedemption } from './decide.ts';
import { doubtTransfer } from './doubt-transfer.ts';
import { mismatchOf } from './echo.ts';
import { forwardShares } from './forward.ts';
import { RECHECK_MS, redemptionKind } from './redemption-kind.ts';
import type { Redemption, RedemptionState, TransferFacts, WaitReason } from './state.ts';

export interface RequestOptions {
  readonly ledger: Ledger;
  readonly alpaca: Pick<AlpacaClient, 'redeemBody' | 'redeem' | 'getRequest' | 'findByIssuerRequestId'>;
  readonly directory: Directory;
  readonly inventory: Pick<Inventory, 'available'>;
  readonly splits: { now: Splits['now'] };
  readonly rpcOf: (network: string) => Pick<RpcClient, 'pinned'>;
  /** What is to be done with shares that lie in this wallet of ours. */
  readonly standing: (chainId: number, wallet: Address) => Standing;
  readonly catalog: Pick<Catalog, 'freeze' | 'vault'>;
  readonly transfers: TransferOpener;
  readonly clock: Clock;
  readonly desk: Pick<TransactionDesk, 'forgotten' | 'isQuarantined'>;
}

type Detected = Extract<RedemptionState, { kind: 'detected' }>;

/** Brings a detected redemption before Alpaca, once nothing stands against burning its tokens afterwards. */
export async function requestRedemption(
  options: RequestOptions,
  loaded: Loaded<RedemptionState>,
  state: Detected,
): Promise<StepResult> {
  const { redemption } = state;
  if (redemption.promise !== null) return askAgain(options, loaded.id, redemption, redemption.promise);
  const ready = await readiness(options, loaded.id, redemption);
  switch (ready.kind) {
    case 'wait': {
      if (state.waiting === ready.for) return { kind: 'later', delayMs: RECHECK_MS[ready.for] };
      return commit(options, loaded, { type: 'wait', for: ready.for }, ready.requires);
    }
    case 'hand_over':
      return (
        (await checkTransfer(options, redemption)) ??
        (await checkSplits(options, loaded, redemption)) ??
        beginForward(options, loaded, ready.to)
      );
    case 'bind':
      return commit(options, loaded, { type: 'bind', clientId: ready.clientId });
    case 'hold':
      return commit(options, loaded, { type: 'hold', why: ready.why });
    case 'ready':
      return (
        (await checkTransfer(options, redemption)) ??
        (await checkSplits(options, loaded, redemption)) ??
        promise(options, loaded, redemption, ready)
      );
    default:
      return ready satisfies never;
  }
}

/** Makes sure that the tokens are still there before Alpaca is asked for shares. Null when they are. */
async function checkTransfer(options: RequestOptions, { transfer }: Redemption): Promise<StepResult | null> {
  const doubt = await doubtTransfer(options.rpcOf, transfer);
  if (doubt === null) return null;
  const what =
    'it goes on by itself should the transfer be there again, and close ends it once it is gone for good';
  return failedStep('transfer_not_on_chain', `${doubt}: ${what}`, options.clock.nowMs());
}

/**
 * Makes sure that the vault has not split since the tokens came, so that Alpaca is asked for what they still are. Null
 * when it has not.
 */
async function checkSplits(
  options: RequestOptions,
  loaded: Loaded<RedemptionState>,
  { transfer, splits }: Redemption,
): Promise<StepResult | null> {
  const { network, chainId, vault } = transfer;
  const reading = await readSplits(options, network, vault);
  const verdict = compareSplits(splits, reading);
  if (verdict.kind === 'behind') return failedStep('node_behind', verdict.why, options.clock.nowMs());
  const events = decideRedemption({ type: 'checkSplits', reading }, loaded.state);
  if (events.length === 0) return null;
  await options.ledger.commit({
    changes: [change(redemptionKind, loaded, events)],
    writes: [splitWrite(chainId, vault, reading)],
    metadata: { actor: 'engine', correlation: loaded.id },
  });
  return { kind: 'advanced' };
}

async function readSplits(
  { splits }: RequestOptions,
  network: string,
  vault: TransferFacts['vault'],
): Promise<SplitReading> {
  try {
    return await splits.now(network, vault);
  } catch (error) {
    if (!(error instanceof RpcFailure) || error.kind !== 'unreachable') throw error;
    throw new DependencyDown(`chain:${network}`, error.message, { cause: error });
  }
}

type Readiness =
  | { readonly kind: 'hand_over'; readonly to: Address }
  | { readonly kind: 'wait'; readonly for: WaitReason; readonly requires?: readonly Change[] }
  | { readonly kind: 'bind'; readonly clientId: string }
  | { readonly kind: 'hold'; readonly why: string }
  | {
      readonly kind: 'ready';
      readonly clientId: string;
      readonly guard: { readonly name: string; readonly expected: number };
      /** That no hold was placed since. */
      readonly requires: readonly Change[];
    };

async function readiness(options: RequestOptions, id: string, redemption: Redemption): Promise<Readiness> {
  const { directory, inventory, catalog } = options;
  const { transfer, quantity, clientId } = redemption;
  const elsewhere = await whereElse(options, redemption);
  if (elsewhere !== null) return elsewhere;
  const present = await directory.walletOwner(transfer.from);
  if (clientId === null) {
    const owner = (await directory.walletOwnerAt(transfer.from, transfer.blockTimeMs)) ?? present;
    return owner === null ? { kind: 'wait', for: 'wallet_unknown' } : { kind: 'bind', clientId: owner };
  }
  // A wallet that is nobody's any more still was the client's; one that is another's needs a person.
  if (present !== null && present !== clientId) {
    return { kind: 'hold', why: `the wallet ${transfer.from} was ${clientId}'s and is ${present}'s now` };
  }
  const refunded = await forgottenRefund(options, id, redemption);
  if (refunded !== null) return refunded;
  const { by, requires } = await catalog.freeze(transfer.underlying, 'new');
  // One that was lifted meanwhile has woken what waited, and must not be waited for.
  if (by !== null) return { kind: 'wait', for: 'frozen', requires };
  const { chainId, vault } = transfer;
  const { available, guard } = await inventory.available(chainId, vault, redemption.holder, quantity);
  if (available < quantity) return { kind: 'wait', for: 'receipts_short' };
  return { kind: 'ready', clientId, guard, requires };
}

/** What is to be done first where the shares do not lie with the signer in charge; null where they do. */
async function whereElse(
  { standing, desk }: RequestOptions,
  { transfer, holder }: Redemption,
): Promise<Readiness | null> {
  const { chainId } = transfer;
  const stands = standing(chainId, holder);
  switch (stands.kind) {
    case 'in_charge':
      return null;
    case 'no_key': {
      const why =
        `its tokens lie with ${holder}, a retired signer whose key is not at hand: ` +
        'give the key beside RETIRED_SIGNERS, restart and recover it, or settle it outside';
      return { kind: 'hold', why };
    }
    case 'hand_over':
      if (await desk.isQuarantined(laneId(chainId, holder))) return { kind: 'wait', for: 'quarantine' };
      return { kind: 'hand_over', to: stands.to };
    default:
      return stands satisfies never;
  }
}

async function beginForward(
  options: RequestOptions,
  loaded: Loaded<RedemptionState>,
  to: Address,
): Promise<StepResult> {
  await forwardShares(options, loaded.id, to, null);
  return { kind: 'advanced' };
}

/**
 * A database that is older than its signatures may have forgotten that the tokens went back, and Alpaca never heard of
 * them: nothing is asked before the chain was read for that.
 */
async function forgottenRefund(
  { desk }: RequestOptions,
  id: string,
  { transfer: { chainId }, holder }: Redemption,
): Promise<Readiness | null> {
  if (await desk.isQuarantined(laneId(chainId, holder))) return { kind: 'wait', for: 'quarantine' };
  const forgotten = await desk.forgotten(chainId, refundId(id));
  if (forgotten === null) return null;
  return { kind: 'hold', why: `${forgotten.hash}, which this database had forgotten, is its refund` };
}

/** Promises the amount and the exact call in one commit, and only then calls. */
async function promise(
  options: RequestOptions,
  loaded: Loaded<RedemptionState>,
  redemption: Redemption,
  { clientId, guard, requires }: Extract<Readiness, { kind: 'ready' }>,
): Promise<StepResult> {
  const { underlying, token, network, from, transactionHash } = redemption.transfer;
  const body = options.alpaca.redeemBody({
    issuerRequestId: loaded.id,
    underlying,
    token,
    quantity: redemption.quantity,
    network,
    wallet: from,
    transactionHash,
    clientId,
  });
  const call = { idempotencyKey: uuidV5(loaded.id, 'redeem'), body };
  const events = decideRedemption({ type: 'promise', ...call }, loaded.state);
  await options.ledger.commit({
    changes: [change(redemptionKind, loaded, events), ...requires],
    guards: [guard],
    metadata: { actor: 'engine', correlation: loaded.id },
  });
  return ask(options, loaded.id, redemption, call);
}

type Call = { readonly idempotencyKey: string; readonly body: string };

async function ask(
  options: RequestOptions,
  id: string,
  redemption: Redemption,
  { body, idempotencyKey }: Call,
): Promise<StepResult> {
  const { underlying } = redemption.transfer;
  // What was promised before a hold came is begun, and goes on; unless the hold stops everything.
  const { by } = await options.catalog.freeze(underlying, 'all');
  if (by !== null) return failedStep(FROZEN, frozenMessage(underlying, by), options.clock.nowMs());
  const answer = await options.alpaca.redeem(body, idempotencyKey);
  if (answer.kind === 'ok') return accept(options, id, redemption, answer.value, answer.requestId);
  // Also a refusal may come from a call that was applied: "issuer_request_id already used".
  const found = await options.alpaca.findByIssuerRequestId(id);
  if (found.kind === 'ok') return accept(options, id, redemption, found.value, found.requestId);
  return refusedStep(`redeem_${answer.kind}`, answer.refusal, options.clock.nowMs());
}

/** An earlier call's answer is not known, or it was refused: what Alpaca has is looked up before it is sent again. */
async function askAgain(
  options: RequestOptions,
  id: string,
  redemption: Redemption,
  call: Call,
): Promise<StepResult> {
  const found = await options.alpaca.findByIssuerRequestId(id);
  switch (found.kind) {
    case 'ok':
      return accept(options, id, redemption, found.value, found.requestId);
    case 'not_found':
    // The same body under the same key does no harm, whatever the look-up was refused for.
    case 'refused':
      return ask(options, id, redemption, call);
    case 'unclear':
      return refusedStep('redeem_lookup_unclear', found.refusal, options.clock.nowMs());
    default:
      return found satisfies never;
  }
}

async function accept(
  options: RequestOptions,
  id: string,
  redemption: Redemption,
  record: TokenizationRequest,
  causation: string | null,
): Promise<StepResult> {
  const mismatch = mismatchOf(record, redemption, id);
  const { tokenizationRequestId } = record;
  const command: RedemptionCommand = { type: 'request', tokenizationRequestId, mismatch };
  await transact(
    options.ledger,
    redemptionKind,
    id,
    ({ state }) => ({ events: decideRedemption(command, state) }),
    { actor: 'engine', correlation: id, ...(causation === null ? {} : { causation }) },
  );
  return { kind: 'advanced' };
}

async function commit(
  options: RequestOptions,
  loaded: Loaded<RedemptionState>,
  command: RedemptionCommand,
  requires: readonly Change[] = [],
): Promise<StepResult> {
  const events = decideRedemption(command, loaded.state);
  const metadata = { actor: 'engine', correlation: loaded.id };
  await options.ledger.commit({ changes: [change(redemptionKind, loaded, events), ...requires], metadata });
  return { kind: 'advanced' };
}
