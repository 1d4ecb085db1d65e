import { IssuanceError } from '../../primitives/failures.ts';

/**
 * Alpaca's error codes: the HTTP status followed by five digits. Only `notFound` is documented for
 * tokenization.
 */
const errorCodes = {
  badRequest: 40010000,
  unauthorized: 40110000,
  forbidden: 40310000,
  notFound: 40410000,
  unprocessable: 42210000,
  tooManyRequests: 42910000,
  internal: 50010000,
  unavailable: 50310000,
} as const;

export type ErrorKind = keyof typeof errorCodes;

const statuses: Readonly<Record<ErrorKind, number>> = {
  badRequest: 400,
  unauthorized: 401,
  forbidden: 403,
  notFound: 404,
  unprocessable: 422,
  tooManyRequests: 429,
  internal: 500,
  unavailable: 503,
};

/** A call that the simulated Alpaca refuses; it becomes an answer with the body `{"code", "message"}`. */
export class Refusal extends IssuanceError {
  override readonly name = 'Refusal';
  readonly kind: ErrorKind;
  readonly status: number;

  constructor(kind: ErrorKind, message: string) {
    super('alpaca_refusal', message);
    this.kind = kind;
    this.status = statuses[kind];
  }
}

/** One HTTP answer. A string body goes out as it is; anything else as JSON. */
export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** The answer that carries a refusal, in Alpaca's error form. */
export function refusalAnswer(kind: ErrorKind, message: string): Answer {
  return { status: statuses[kind], body: { code: errorCodes[kind], message } };
}
