import type { Address } from 'viem';
import { confirmedHead, finalBlock } from '../../chain/finality.ts';
import type { BlockPoint } from '../../chain/finality.ts';
import type { PinnedRpc } from '../../chain/rpc/types.ts';
import type { StepResult, Worker } from '../../engine/work.ts';
import type { Loaded } from '../../event-store/ledger.ts';
import { change } from '../../event-store/ledger.ts';
import { GuardConflict, VersionConflict } from '../../event-store/errors.ts';
import { IssuanceError, unreachable } from '../../primitives/failures.ts';
import { withChain } from '../../transaction/chain-view.ts';
import { custodyKind, custodyStreamId, MOVE_WORK } from '../custody-kind.ts';
import type { CustodyEvent, CustodyState, Move, VaultBalances } from '../state.ts';
import { differenceText } from './differences.ts';
import type { LaneWork } from './holdings.ts';
import { readHoldings, readLaneWork } from './holdings.ts';
import type { MoveNetwork, MoveOptions } from './options.ts';
import type { OwnTransfers } from './own-transfers.ts';
import { createOwnTransfers } from './own-transfers.ts';
import type { WaitsFor } from './step-moving.ts';
import { sharesOf, stepMoving } from './step-moving.ts';
import { readRoles } from './vault-roles.ts';

/** Pause between looks at what the chain and the operations make of a move. */
const LOOK_PAUSE_MS = 1_000;
/** The same while somebody else has to do something, or balances differ. */
const LONG_PAUSE_MS = 5_000;
/** A look at very many receipts takes long: it is not more than one part in so many of the time. */
const SHARE = 10;
const LONGEST_PAUSE_MS = 120_000;

/** What each move that goes on was last seen to wait for, by chain; for people. */
export type MoveView = Map<number, { readonly waits: WaitsFor; readonly isAlarmed: boolean }>;

/** Takes moves on, part by part; each is recorded when the chain has proven it. */
export function createMoveWorker(given: MoveOptions, view: MoveView): Worker {
  const options = { ...given, own: createOwnTransfers(given.ledger) };
  return {
    kind: MOVE_WORK,
    async step(row) {
      const network = options.networks.find((it) => it.network === row.network);
      if (network === undefined) {
        throw new IssuanceError(
          'network_unknown',
          `the network ${String(row.network)} is not configured here`,
        );
      }
      return withChain(network.rpc, () => stepMove(options, network, view));
    },
  };
}

type StepOptions = MoveOptions & { readonly own: OwnTransfers };

async function stepMove(options: StepOptions, network: MoveNetwork, view: MoveView): Promise<StepResult> {
  const { chainId } = network;
  const loaded = await options.ledger.load(custodyKind, custodyStreamId(chainId));
  const { state } = loaded;
  if (state.kind === 'none' || state.move === null) return { kind: 'advanced' };
  const { move } = state;
  const beganMs = options.timers.monotonicMs();
  try {
    const waits = await take(options, network, loaded, move);
    tellOnce(options, network, move, view, waits);
    if (waits.length === 0) return { kind: 'advanced' };
    const tookMs = options.timers.monotonicMs() - beganMs;
    const pauseMs = move.phase === 'moving' ? LOOK_PAUSE_MS : LONG_PAUSE_MS;
    return { kind: 'later', delayMs: Math.max(pauseMs, Math.min(LONGEST_PAUSE_MS, SHARE * tookMs)) };
  } catch (error) {
    // Somebody else moved something: it is looked at again.
    if (error instanceof VersionConflict || error instanceof GuardConflict)
      return { kind: 'later', delayMs: 0 };
    throw error;
  }
}

async function take(
  options: StepOptions,
  network: MoveNetwork,
  loaded: Loaded<CustodyState>,
  move: Move,
): Promise<WaitsFor> {
  switch (move.phase) {
    case 'moving': {
      const waits = await stepMoving(options, network, move);
      return waits.length > 0 ? waits : drained(options, network, loaded, move);
    }
    case 'comparing':
      return compare(options, network, loaded, move);
    case 'revoking':
      return revoked(options, network, loaded, move);
    default:
      return unreachable(move.phase);
  }
}

/** Nothing is left, and whatever the old signer ever signed has come to its end. */
async function drained(
  options: MoveOptions,
  network: MoveNetwork,
  loaded: Loaded<CustodyState>,
  { from }: Move,
): Promise<WaitsFor> {
  const rpc = network.rpc.pinned();
  const work = await readLaneWork(options.store, network.chainId, from);
  const used = await rpc.getTransactionCount(from, 'latest');
  const final = await finalNonces(network, rpc, work, from);
  if (final === null) return ['a final block'];
  if (final.next !== null && used !== final.next) {
    return [
      `the nonces of ${from}: the chain has used ${String(used)}, and ${final.of} ${String(final.next)}`,
    ];
  }
  const head = await confirmedHead(rpc, network.confirmations);
  if (head === null) return ['a confirmed block'];
  const lastNonce = final.next === null || final.next === 0 ? null : final.next - 1;
  return record(options, loaded, { type: 'MoveDrained', data: { lastNonce, ...blockOf(head) } });
}

/**
 * The nonce after the last one that the old signer used for anything of ours. We know it of our own signatures, each of
 * which is final by now. Where a custodian owns the nonces the chain tells it, as of a final block.
 */
async function finalNonces(
  { finality }: MoveNetwork,
  rpc: PinnedRpc,
  { lastNonce, hasCalls }: LaneWork,
  from: Address,
): Promise<{ readonly next: number | null; readonly of: string } | null> {
  if (!hasCalls) return { next: lastNonce === null ? null : lastNonce + 1, of: 'we have signed for' };
  const final = await finalBlock(rpc, finality);
  if (final === null) return null;
  const next = await rpc.getTransactionCount(from, final.number);
  return { next, of: 'its final blocks have' };
}

/** The books of everything with the chain, and that nothing is left at the old signer. */
async function compare(
  options: MoveOptions,
  network: MoveNetwork,
  loaded: Loaded<CustodyState>,
  { from, to }: Move,
): Promise<WaitsFor> {
  const differences = await options.reconcile(network.network);
  if (differences.length > 0) return differences.map((it) => `${DIFFERENCE}: ${differenceText(it)}`);
  const rpc = network.rpc.pinned();
  const head = await confirmedHead(rpc, network.confirmations);
  if (head === null) return ['a confirmed block'];
  const vaults: VaultBalances[] = [];
  const waits: string[] = [];
  for (const { chainId, vault, token } of await options.vaults(network.network)) {
    const left = await readHoldings(options.store, chainId, vault, from);
    if (left.receipts > 0) waits.push(`${String(left.receipts)} receipts of ${token} are with ${from} again`);
    const { receipts, receiptShares } = await readHoldings(options.store, chainId, vault, to);
    vaults.push({ vault, receipts, receiptShares, shares: await sharesOf({ rpc, head }, vault, to) });
  }
  if (waits.length > 0) return waits;
  return record(options, loaded, { type: 'BalancesCompared', data: { ...blockOf(head), vaults } });
}

async function revoked(
  options: MoveOptions,
  network: MoveNetwork,
  loaded: Loaded<CustodyState>,
  { from }: Move,
): Promise<WaitsFor> {
  const rpc = network.rpc.pinned();
  const head = await confirmedHead(rpc, network.confirmations);
  if (head === null) return ['a confirmed block'];
  const vaults = (await options.vaults(network.network)).map((it) => it.vault);
  const roles = await readRoles(rpc, vaults, from, head.number);
  const held = roles.filter((it) => it.held);
  if (held.length > 0) return held.map(({ role, vault }) => `${role} of ${from} on ${vault} to be revoked`);
  return record(options, loaded, { type: 'MoveCompleted', data: blockOf(head) });
}

async function record(
  { ledger }: MoveOptions,
  loaded: Loaded<CustodyState>,
  event: CustodyEvent,
): Promise<WaitsFor> {
  await ledger.commit({ changes: [change(custodyKind, loaded, [event])], metadata: { actor: 'engine' } });
  return [];
}

function blockOf({ number, hash }: BlockPoint) {
  return { blockNumber: number, blockHash: hash };
}

/**
 * What a move waits for is told when it changes. Balances that differ are an alarm when they still do at the second
 * look: one may fall between an effect on chain and its record.
 */
function tellOnce(
  { log }: MoveOptions,
  { network, chainId }: MoveNetwork,
  { moveId, phase, from, to }: Move,
  view: MoveView,
  waits: WaitsFor,
): void {
  const { waits: before, isAlarmed: wasAlarmed } = view.get(chainId) ?? { waits: [], isAlarmed: false };
  const isAlarmed = differs(waits) && differs(before);
  view.set(chainId, { waits, isAlarmed });
  const fields = { network, moveId, phase, from, to, waits };
  if (isAlarmed && !wasAlarmed)
    log.error({ alarm: 'move_waits', ...fields }, 'a move to another key waits: balances differ');
  if (before.join() === waits.join()) return;
  log.info(fields, waits.length === 0 ? 'a part of a move is done' : 'a move goes on');
}

const DIFFERENCE = 'balances to agree';

function differs(waits: WaitsFor): boolean {
  return waits.some((it) => it.startsWith(DIFFERENCE));
}
