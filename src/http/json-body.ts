import { isUtf8 } from 'node:buffer';
import { IssuanceError } from '../primitives/failures.ts';

/**
 * Parses a JSON body. A quantity that came as a JSON number is kept as the digits that were sent, since `Number` would
 * lose some. An empty body is none: clients name a type even where they send nothing.
 *
 * @throws IssuanceError `malformed`
 */
export function parseJsonBody(bytes: Buffer): unknown {
  if (bytes.length === 0) return undefined;
  // Decoding would put a replacement where bytes are wrong, and nobody would know what was meant.
  if (!isUtf8(bytes)) throw new IssuanceError('malformed', 'the body is not UTF-8');
  try {
    return JSON.parse(bytes.toString(), restore as (key: string, value: unknown) => unknown);
  } catch (error) {
    if (error instanceof IssuanceError) throw error;
    throw new IssuanceError('malformed', 'the body is not JSON, or is nested too deeply', { cause: error });
  }
}

/** `context.source` is the text of the number in the body (ES2026, in Node since 22). */
function restore(key: string, value: unknown, context: { readonly source?: string }): unknown {
  // No route knows such a member, and code that copies objects would take it for the prototype.
  if (key === '__proto__') throw new IssuanceError('malformed', 'a member named __proto__ is not accepted');
  if (key !== 'qty' || typeof value !== 'number' || context.source === undefined) return value;
  return withoutExponent(context.source);
}

/** Larger exponents are no quantities; spelling them out would only take memory. */
const MAX_EXPONENT = 60;

/** Most encoders write 0.0000001 as `1e-7`. Gives the same number in plain digits, to the last one. */
function withoutExponent(source: string): string {
  const [, sign = '', whole = '', fraction = '', power] =
    /^(-?)(\d+)(?:\.(\d+))?[eE]([+-]?\d{1,3})$/.exec(source) ?? [];
  const exponent = Number(power);
  if (power === undefined || Math.abs(exponent) > MAX_EXPONENT) return source;
  const zeros = '0'.repeat(Math.abs(exponent));
  const [before, after] = exponent < 0 ? [zeros + whole, fraction] : [whole, fraction + zeros];
  const point = before.length + exponent;
  const digits = before + after;
  const decimals = digits.slice(point);
  return `${sign}${digits.slice(0, point).replace(/^0+(?=\d)/, '')}${decimals === '' ? '' : `.${decimals}`}`;
}
