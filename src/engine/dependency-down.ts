import { IssuanceError } from '../primitives/failures.ts';

/**
 * A partner or node as a whole did not serve: no answer, 5xx, 429, or credentials refused. Nothing is known
 * about the operation. Everything that needs the dependency pauses; it is probed with rotating operations.
 */
export class DependencyDown extends IssuanceError {
  override readonly name = 'DependencyDown';
  readonly dependency: string;
  /** How long the other side asked us to wait, if it did. */
  readonly retryAfterMs: number | null;

  constructor(
    dependency: string,
    message: string,
    options: {
      readonly retryAfterMs?: number;
      readonly cause?: unknown;
      readonly details?: Readonly<Record<string, string | number | boolean | null>>;
    } = {},
  ) {
    super('dependency_down', message, {
      cause: options.cause,
      ...(options.details && { details: options.details }),
    });
    this.dependency = dependency;
    this.retryAfterMs = options.retryAfterMs ?? null;
  }
}
