import type { Address, Hex } from 'viem';
import { ZERO_ADDRESS } from '../primitives/address.ts';
import { type Moment, summary, transferFault, vaultMoments } from './moments.ts';
import type { RawLog } from './logs.ts';
import { decodeReceiptInformation } from './receipt-information.ts';

/**
 * Proof that a mined transaction did what was planned. An effect counts only with the operation's id, the
 * exact amount and every planned log in its place; a log that nobody planned makes the whole transaction
 * `unexpected`. All of it reads one transaction's receipt, with every log in it.
 */

/** Shares in 10⁻¹⁸. */
export interface PlannedMint {
  readonly operationId: string;
  readonly shares: bigint;
  readonly recipient: Address;
}

export interface MintEffect {
  readonly operationId: string;
  readonly receiptId: bigint;
  readonly shares: bigint;
  readonly information: Hex;
  /** Ordinal among the vault's `Deposit` logs of the transaction. */
  readonly depositOrdinal: number;
  /** Ordinal of the transfer to the recipient among all `Transfer` logs of the vault in the transaction. */
  readonly transferOrdinal: number;
}

/** What became of one planned mint. */
export type MintOutcome =
  | { readonly kind: 'effect'; readonly effect: MintEffect }
  | { readonly kind: 'missing'; readonly operationId: string; readonly why: string };

export type MintReading =
  /** Exactly what was planned: one effect for each, in the order of the plan. */
  | { readonly kind: 'asPlanned'; readonly effects: readonly MintEffect[] }
  /** Something is missing or was not planned. `outcomes` still tells of each what can be proven. */
  | { readonly kind: 'unexpected'; readonly why: string; readonly outcomes: readonly MintOutcome[] };

/**
 * Reads a batch of mints: the k-th `Deposit` of the vault belongs to the k-th mint, which its id must
 * confirm.
 */
export function readMintEffects(
  receiptLogs: readonly RawLog[],
  vault: Address,
  signer: Address,
  planned: readonly PlannedMint[],
): MintReading {
  const moments = vaultMoments(receiptLogs, vault);
  if (moments.kind === 'unusable') {
    const missing = planned.map(({ operationId }) => absent(operationId, moments.why));
    return { kind: 'unexpected', why: moments.why, outcomes: missing };
  }
  const { before, groups } = splitAtDeposits(moments.moments);
  const strays = [...before, ...groups.slice(planned.length).flat()];
  const outcomes = planned.map((plan, at) => {
    const group = groups[at];
    if (group === undefined) return absent(plan.operationId, `deposit ${at + 1} of the batch is missing`);
    strays.push(...group.slice(MOMENTS_OF_A_MINT));
    return readMint(group, signer.toLowerCase(), plan);
  });
  const effects = outcomes.flatMap((it) => (it.kind === 'effect' ? [it.effect] : []));
  const faults = [
    ...outcomes.flatMap((it) => (it.kind === 'missing' ? [`operation ${it.operationId}: ${it.why}`] : [])),
    ...strays.map((it) => `unplanned ${it.text}`),
  ];
  return faults.length === 0
    ? { kind: 'asPlanned', effects }
    : { kind: 'unexpected', why: summary(faults), outcomes };
}

/** Its deposit, the transfer to the signer that comes with it, and the transfer to the recipient. */
const MOMENTS_OF_A_MINT = 3;

function readMint(group: readonly Moment[], signer: string, plan: PlannedMint): MintOutcome {
  const [deposit, credit, transfer] = group;
  const { operationId, shares } = plan;
  const fault =
    depositFault(deposit, signer, plan) ??
    transferFault(credit, { from: ZERO_ADDRESS, to: signer, value: shares }) ??
    transferFault(transfer, { from: signer, to: plan.recipient.toLowerCase(), value: shares });
  if (fault !== null || deposit?.decoded.kind !== 'deposit' || transfer === undefined) {
    return absent(operationId, fault ?? 'its logs are missing');
  }
  const { id, information } = deposit.decoded;
  const ordinals = { depositOrdinal: deposit.ordinal, transferOrdinal: transfer.ordinal };
  return { kind: 'effect', effect: { operationId, receiptId: id, shares, information, ...ordinals } };
}

function depositFault(moment: Moment | undefined, signer: string, plan: PlannedMint): string | null {
  if (moment?.decoded.kind !== 'deposit') return `expected a Deposit, found ${moment?.text ?? 'nothing'}`;
  const deposit = moment.decoded;
  const information = decodeReceiptInformation(deposit.information);
  if (information.kind === 'external') return `its deposit names no operation: ${information.why}`;
  if (information.issuer_request_id !== plan.operationId.toLowerCase()) {
    return `its deposit names operation ${information.issuer_request_id}`;
  }
  if (deposit.sender !== signer) return `its deposit was sent by ${deposit.sender}`;
  if (deposit.owner !== signer) return `its deposit belongs to ${deposit.owner}`;
  return deposit.shares === plan.shares
    ? null
    : `${deposit.shares} shares were deposited, not ${plan.shares}`;
}

function splitAtDeposits(moments: readonly Moment[]): {
  readonly before: readonly Moment[];
  readonly groups: readonly (readonly Moment[])[];
} {
  const starts = moments.flatMap((moment, at) => (moment.decoded.kind === 'deposit' ? [at] : []));
  return {
    before: moments.slice(0, starts[0] ?? moments.length),
    groups: starts.map((start, at) => moments.slice(start, starts[at + 1])),
  };
}

function absent(operationId: string, why: string): MintOutcome {
  return { kind: 'missing', operationId, why };
}
