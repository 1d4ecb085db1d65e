/** A parsed JSON value in which every number is kept as the text that was sent. */
export type ExactJson = null | boolean | string | ExactNumber | readonly ExactJson[] | ExactObject;

export type ExactObject = { readonly [name: string]: ExactJson };

/** A JSON number in its own digits: `Number` would lose some of a quantity. */
export interface ExactNumber {
  readonly digits: string;
}

const numbers = new WeakSet<object>();

/**
 * Parses JSON without passing its numbers through `Number`.
 *
 * @throws SyntaxError when the text is not JSON.
 */
export function parseExactJson(text: string): ExactJson {
  // The third argument of a reviver (ECMAScript 2026, in Node 24) is not in the type library yet.
  const reviver = (_name: string, value: unknown, context?: { readonly source?: string }): unknown => {
    if (typeof value !== 'number') return value;
    const number: ExactNumber = { digits: context?.source ?? String(value) };
    numbers.add(number);
    return number;
  };
  return JSON.parse(text, reviver) as ExactJson;
}

export function isExactNumber(value: ExactJson | undefined): value is ExactNumber {
  return typeof value === 'object' && value !== null && numbers.has(value);
}

export function isExactObject(value: ExactJson | undefined): value is ExactObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isExactNumber(value);
}
