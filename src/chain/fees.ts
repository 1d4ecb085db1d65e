/** Prices of an EIP-1559 transaction, in wei per gas. */
export interface Fees {
  readonly maxFeePerGas: bigint;
  readonly maxPriorityFeePerGas: bigint;
}

/** What the chain asks at present, in wei per gas. */
export interface FeeMarket {
  /** Of the latest block. */
  readonly baseFee: bigint;
  /** What goes to whoever makes the block. */
  readonly tip: bigint;
}

/**
 * Fees of a first attempt: the tip, and twice the base fee beside it, which six full blocks in a row cannot
 * exceed (each raises it by an eighth). Never above the ceiling; `capped` says that the ceiling decided.
 */
export function initialFees(market: FeeMarket & { readonly maxFeeCeiling: bigint }): {
  readonly fees: Fees;
  readonly capped: boolean;
} {
  const wanted = 2n * market.baseFee + market.tip;
  const maxFeePerGas = min(wanted, market.maxFeeCeiling);
  return {
    fees: { maxFeePerGas, maxPriorityFeePerGas: min(market.tip, maxFeePerGas) },
    capped: wanted > market.maxFeeCeiling,
  };
}

/**
 * Fees that replace a waiting transaction at the same nonce: at least 12.5 % above the previous ones in both
 * fields, which clears every client's threshold (geth, reth, Nethermind and Erigon ask for 10 %), and at
 * least what a first attempt would now offer.
 *
 * `capped` without fees: the least raise would exceed the ceiling, so no replacement is possible below it. A
 * null ceiling, for cancellations, never caps.
 */
export function bumpFees(
  previous: Fees,
  market: FeeMarket,
  maxFeeCeiling: bigint | null,
): { readonly capped: false; readonly fees: Fees } | { readonly capped: true } {
  const leastMaxFee = raised(previous.maxFeePerGas);
  const leastTip = raised(previous.maxPriorityFeePerGas);
  if (maxFeeCeiling !== null && leastMaxFee > maxFeeCeiling) return { capped: true };
  const fresh = 2n * market.baseFee + market.tip;
  const wanted = max(leastMaxFee, fresh);
  const maxFeePerGas = maxFeeCeiling === null ? wanted : min(wanted, maxFeeCeiling);
  const maxPriorityFeePerGas = min(max(leastTip, market.tip), maxFeePerGas);
  return { capped: false, fees: { maxFeePerGas, maxPriorityFeePerGas } };
}

/** 9/8 of the price, rounded up, and always more: clients refuse an equal field even when it is zero. */
function raised(price: bigint): bigint {
  return max((price * 9n + 7n) / 8n, price + 1n);
}

function max(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}

function min(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}
