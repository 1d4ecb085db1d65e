import { IssuanceError } from './failures.ts';

/** Quantities of tokens are `bigint` of 10⁻¹⁸: what the vault's 18 decimals count. */
export const DECIMALS = 18;
/** Alpaca takes and gives at most nine decimals. */
export const ALPACA_DECIMALS = 9;
/** 10⁻⁹ token in our unit. */
export const ALPACA_UNIT = 10n ** BigInt(DECIMALS - ALPACA_DECIMALS);
/** Largest quantity that is accepted in a request: 10¹² tokens. */
export const MAX_QUANTITY = 10n ** 12n * 10n ** BigInt(DECIMALS);

const DECIMAL_TEXT = /^(\d{1,40})(?:\.(\d{1,60}))?$/;

/**
 * Reads a decimal string of tokens without losing a digit.
 *
 * @throws IssuanceError `bad_quantity` when it is not a plain non-negative decimal, or has more than `decimals`
 *   significant decimals (trailing zeros do not count).
 */
export function parseQuantity(text: string, decimals: number = DECIMALS): bigint {
  const match = DECIMAL_TEXT.exec(text);
  if (match === null) {
    throw new IssuanceError('bad_quantity', `'${text.slice(0, 60)}' is not a decimal number of tokens`);
  }
  const [, whole = '0', fraction = ''] = match;
  const significant = fraction.replace(/0+$/, '');
  if (significant.length > decimals) {
    throw new IssuanceError('bad_quantity', `'${text.slice(0, 60)}' has more than ${decimals} decimals`);
  }
  return BigInt(whole) * 10n ** BigInt(DECIMALS) + BigInt(significant.padEnd(DECIMALS, '0'));
}

/** The shortest decimal string of a quantity in 10⁻¹⁸: `1500000000000000000n` is `1.5`. */
export function formatQuantity(quantity: bigint): string {
  const negative = quantity < 0n;
  const digits = (negative ? -quantity : quantity).toString().padStart(DECIMALS + 1, '0');
  const fraction = digits.slice(-DECIMALS).replace(/0+$/, '');
  const whole = digits.slice(0, -DECIMALS);
  return `${negative ? '-' : ''}${whole}${fraction === '' ? '' : `.${fraction}`}`;
}

/** Splits an amount on chain into what Alpaca can express (rounded down to nine decimals) and the dust above it. */
export function splitDust(amount: bigint): { readonly quantity: bigint; readonly dust: bigint } {
  const dust = amount % ALPACA_UNIT;
  return { quantity: amount - dust, dust };
}
