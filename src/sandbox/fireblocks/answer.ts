/** One answer over HTTP. A string goes out as it is, anything else as JSON. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The connection ends without an answer. */
export const CUT = 'cut';

export function ok(body: unknown, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status: 200, body, headers };
}

/** An error in the vendor's form. `code` is left out where its documents name none. */
export function refusal(status: number, message: string, code?: number): Answer {
  return { status, body: code === undefined ? { message } : { message, code } };
}

/** The workspace asked too much of the API; after this many seconds it may ask again. */
export function rateLimited(retryAfterSeconds: number): Answer {
  return {
    ...refusal(429, 'Too many requests'),
    headers: { 'retry-after': String(retryAfterSeconds) },
  };
}

/** How a second transaction with the same external id is refused: as documented, or by the status made for it. */
export type DuplicateForm = 'bad_request' | 'conflict';

export function duplicate(form: DuplicateForm): Answer {
  const message = 'The external tx id that was provided in the request, already exists';
  return refusal(form === 'bad_request' ? 400 : 409, message, 1438);
}
