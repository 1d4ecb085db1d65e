import type { Outcome } from '../../event-store/ledger.ts';
import { receiptsOf, type UnplannedBurn } from '../../receipt/end-burn.ts';
import { laneId } from '../../transaction/lane-id.ts';
import type { TransactionLook } from '../../transaction/desk.ts';
import { readTag } from '../../vault/tag.ts';
import { evolveRedemption } from '../evolve.ts';
import { proveBurn } from '../lane-found.ts';
import type { BurnPart, KnownRedemption, RedemptionEvent } from '../state.ts';
import type { RedemptionActionOptions } from './options.ts';

/** A part of a burn whose transaction is final without having settled or released it: it did something else. */
export interface Overdue {
  readonly part: BurnPart;
  readonly used: NonNullable<TransactionLook['used']>;
}

/** The redemption without the part, and the event that makes it so. */
export function withoutPart(
  state: KnownRedemption,
  { part: { transactionId } }: Overdue,
): { readonly released: RedemptionEvent; readonly state: KnownRedemption } {
  const why = `${transactionId} did something that was not planned`;
  const released: RedemptionEvent = { type: 'BurnReleased', data: { transactionId, why } };
  const after = evolveRedemption(state, released);
  return { released, state: 'redemption' in after ? after : state };
}

/**
 * What frees the receipts of an overdue part, with what is proven to be burned instead. A text tells why their balances
 * cannot be read now, without which nothing is freed.
 *
 * @throws DependencyDown
 */
export async function freeReceipts(
  { inventory, readFresh }: Pick<RedemptionActionOptions, 'inventory' | 'readFresh'>,
  redemptionId: string,
  { transfer }: KnownRedemption['redemption'],
  { part, used }: Overdue,
  burned: UnplannedBurn['burned'],
): Promise<Outcome | string> {
  const { network, chainId, vault } = transfer;
  const why = `${used.hash} did something that was not planned`;
  const burn = { redemptionId, chainId, vault, reserved: part.picks, burned, why };
  const later = burned === null || burned.at.blockNumber < used.blockNumber ? used : burned.at;
  const place = { network, chainId, vault, fromBlock: later.blockNumber };
  const balances = await readFresh(place, receiptsOf(burn));
  return typeof balances === 'string' ? balances : inventory.endUnplanned(burn, balances);
}

/** What a transaction in a final block burned for a redemption, and nothing else; a text tells what is missing. */
export async function proveFinalBurn(
  options: Pick<RedemptionActionOptions, 'desk' | 'wallets'>,
  id: string,
  state: KnownRedemption,
  hash: `0x${string}`,
): Promise<
  | (NonNullable<ReturnType<typeof proveBurn>> & {
      readonly at: { readonly transactionHash: `0x${string}`; readonly blockNumber: bigint };
    })
  | string
> {
  const { network, chainId, vault } = state.redemption.transfer;
  const evidence = await options.desk.finalTransaction(network, hash);
  if (typeof evidence === 'string') return evidence;
  const { transaction, receipt } = evidence;
  const signer = transaction.from;
  if (!options.wallets(network).includes(signer)) {
    return `${hash} was sent by ${signer}, who is none of our signers`;
  }
  const ids = readTag(transaction.input)?.operationIds ?? [];
  if (receipt.status !== 1 || ids.length !== 1 || ids[0] !== id) {
    return `${hash} reverted, or its tag does not name this redemption alone`;
  }
  const lane = { lane: laneId(chainId, signer), network, chainId, signer };
  const proven = proveBurn(state, { lane, vault }, receipt, id);
  if (proven === null) return `${hash} is no burn of what is left of it on ${vault}`;
  return { ...proven, at: { transactionHash: hash, blockNumber: receipt.blockNumber } };
}
