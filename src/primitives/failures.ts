/**
 * Base of every error that the program raises on purpose.
 *
 * `code` is stable and may be matched on; `message` says what happened, to which id, and what to do.
 */
export class IssuanceError extends Error {
  override readonly name: string = 'IssuanceError';
  readonly code: string;
  readonly details: Readonly<Record<string, string | number | boolean | null>>;

  constructor(
    code: string,
    message: string,
    options: {
      readonly cause?: unknown;
      readonly details?: Readonly<Record<string, string | number | boolean | null>>;
    } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.details = options.details ?? {};
  }
}

/** No complete HTTP answer arrived. The other side may or may not have acted. */
export class HttpFailure extends IssuanceError {
  override readonly name = 'HttpFailure';
  constructor(message: string, options: { readonly cause?: unknown; readonly timedOut: boolean }) {
    super(options.timedOut ? 'http_timeout' : 'http_unreachable', message, { cause: options.cause });
  }
}

/**
 * A JSON-RPC request that brought no result.
 *
 * `kind` `answered`: the node answered with an error object (`rpcCode`, `data`). `unreachable`: no usable answer
 * came, so nothing is known about what the node did.
 */
export class RpcFailure extends IssuanceError {
  override readonly name = 'RpcFailure';
  readonly kind: 'answered' | 'unreachable';
  readonly method: string;
  readonly rpcCode: number | null;
  readonly data: unknown;
  /** HTTP status where one was seen; 429 means the node asks for a pause. */
  readonly httpStatus: number | null;

  constructor(
    message: string,
    options: {
      readonly kind: 'answered' | 'unreachable';
      readonly method: string;
      readonly rpcCode?: number;
      readonly data?: unknown;
      readonly httpStatus?: number;
      readonly cause?: unknown;
    },
  ) {
    super(`rpc_${options.kind}`, message, { cause: options.cause });
    this.kind = options.kind;
    this.method = options.method;
    this.rpcCode = options.rpcCode ?? null;
    this.data = options.data;
    this.httpStatus = options.httpStatus ?? null;
  }
}

/** Says that a switch over a closed union has a hole; the type checker shows it first. */
export function unreachable(value: never): never {
  throw new IssuanceError('unreachable', `no case for ${JSON.stringify(value)}`);
}

/** Fails with a clear text where something that must hold does not. */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new IssuanceError('invariant', `invariant broken: ${message}`);
}
