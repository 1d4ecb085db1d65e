import type { FastifyRequest } from 'fastify';
import { IssuanceError } from '../primitives/failures.ts';

/**
 * Parses a JSON body. A quantity that came as a JSON number is kept as the digits that were sent, since `Number` would
 * lose some. An empty body is none: clients name a type even where they send nothing.
 */
export function parseJsonBody(
  _request: FastifyRequest,
  body: string | Buffer,
  done: (error: Error | null, value?: unknown) => void,
): void {
  const text = body.toString();
  if (text === '') {
    done(null, undefined);
    return;
  }
  let value: unknown;
  try {
    value = JSON.parse(text, keepDigits as (key: string, value: unknown) => unknown);
  } catch (error) {
    done(new IssuanceError('malformed', 'the body is not JSON', { cause: error }));
    return;
  }
  done(null, value);
}

/** `context.source` is the text of the number in the body (ES2026, in Node since 22). */
function keepDigits(key: string, value: unknown, context: { readonly source?: string }): unknown {
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
