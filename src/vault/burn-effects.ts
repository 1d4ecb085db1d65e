import type { Address } from 'viem';
import { ZERO_ADDRESS } from '../primitives/address.ts';
import { type Moment, summary, transferFault, vaultMoments } from './moments.ts';
import type { RawLog } from './logs.ts';

/** Shares in 10⁻¹⁸; an operation's part of a burn, as it was signed. */
export interface PlannedBurn {
  readonly operationId: string;
  readonly burns: readonly { readonly receiptId: bigint; readonly shares: bigint }[];
  readonly dust?: { readonly to: Address; readonly amount: bigint } | undefined;
}

export interface BurnedReceipt {
  readonly receiptId: bigint;
  readonly shares: bigint;
  /** Ordinal among the vault's `Withdraw` logs of the transaction. */
  readonly withdrawOrdinal: number;
  /** Ordinal of the burn among all `Transfer` logs of the vault in the transaction. */
  readonly transferOrdinal: number;
}

export interface BurnEffect {
  readonly operationId: string;
  /** One for each planned receipt, in order. */
  readonly burned: readonly BurnedReceipt[];
  /** Ordinal of the dust's transfer among all `Transfer` logs of the vault; null without dust. */
  readonly dustOrdinal: number | null;
}

export type BurnReading =
  | { readonly kind: 'asPlanned'; readonly effect: BurnEffect }
  | { readonly kind: 'unexpected'; readonly why: string };

/**
 * Reads one part of a burn: a `Withdraw` for each planned receipt with its exact shares, in order, then the
 * dust, and nothing else. A burn's logs do not carry its operation's id: that stands in the calldata's tag,
 * which the caller compares.
 */
export function readBurnEffect(
  receiptLogs: readonly RawLog[],
  vault: Address,
  signer: Address,
  planned: PlannedBurn,
): BurnReading {
  const read = vaultMoments(receiptLogs, vault);
  if (read.kind === 'unusable') return { kind: 'unexpected', why: read.why };
  const { operationId, burns, dust } = planned;
  const owner = signer.toLowerCase();
  const parts = burns.map((plan, at) => readPart(read.moments.slice(2 * at, 2 * at + 2), owner, plan));
  const rest = read.moments.slice(2 * burns.length);
  const dustMoment = dust === undefined ? undefined : rest.shift();
  const dustFault =
    dust === undefined
      ? null
      : transferFault(dustMoment, { from: owner, to: dust.to.toLowerCase(), value: dust.amount });
  const faults = [
    ...parts.flatMap((part) => (typeof part === 'string' ? [part] : [])),
    ...(dustFault === null ? [] : [dustFault]),
    ...rest.map((it) => `unplanned ${it.text}`),
  ];
  if (faults.length > 0) return { kind: 'unexpected', why: summary(faults) };
  const burned = parts.filter((part) => typeof part !== 'string');
  return { kind: 'asPlanned', effect: { operationId, burned, dustOrdinal: dustMoment?.ordinal ?? null } };
}

/**
 * The burn of one receipt from its `Withdraw` and the `Transfer` that comes with it, or what is wrong with
 * them.
 */
function readPart(
  [withdraw, transfer]: readonly Moment[],
  owner: string,
  plan: PlannedBurn['burns'][number],
): BurnedReceipt | string {
  const { receiptId, shares } = plan;
  const fault =
    withdrawFault(withdraw, owner, plan) ??
    transferFault(transfer, { from: owner, to: ZERO_ADDRESS, value: shares });
  if (fault !== null || withdraw === undefined || transfer === undefined) {
    return `receipt ${receiptId}: ${fault ?? 'its logs are missing'}`;
  }
  return { receiptId, shares, withdrawOrdinal: withdraw.ordinal, transferOrdinal: transfer.ordinal };
}

function withdrawFault(
  moment: Moment | undefined,
  owner: string,
  planned: { readonly receiptId: bigint; readonly shares: bigint },
): string | null {
  if (moment?.decoded.kind !== 'withdraw') return `expected a Withdraw, found ${moment?.text ?? 'nothing'}`;
  const { decoded } = moment;
  if (decoded.sender !== owner) return `it was burned by ${decoded.sender}`;
  if (decoded.owner !== owner) return `it was burned from ${decoded.owner}`;
  if (decoded.id !== planned.receiptId) return `receipt ${decoded.id} was burned instead`;
  return decoded.shares === planned.shares
    ? null
    : `${decoded.shares} shares were burned, not ${planned.shares}`;
}

export type TransferReading =
  /** `transferOrdinal` among all `Transfer` logs of the vault in the transaction. */
  | { readonly kind: 'asPlanned'; readonly transferOrdinal: number }
  | { readonly kind: 'unexpected'; readonly why: string };

/**
 * Reads a plain transfer of shares out of the signer's wallet, such as a refund: that one, and nothing else.
 */
export function readTransferEffect(
  receiptLogs: readonly RawLog[],
  vault: Address,
  signer: Address,
  planned: { readonly to: Address; readonly amount: bigint },
): TransferReading {
  const read = vaultMoments(receiptLogs, vault);
  if (read.kind === 'unusable') return { kind: 'unexpected', why: read.why };
  const [transfer, ...strays] = read.moments;
  const expected = { from: signer.toLowerCase(), to: planned.to.toLowerCase(), value: planned.amount };
  const fault = transferFault(transfer, expected);
  if (fault !== null || transfer === undefined || strays.length > 0) {
    const faults = [...(fault === null ? [] : [fault]), ...strays.map((it) => `unplanned ${it.text}`)];
    return { kind: 'unexpected', why: summary(faults) };
  }
  return { kind: 'asPlanned', transferOrdinal: transfer.ordinal };
}
