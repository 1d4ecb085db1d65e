import { HttpFailure } from '../../primitives/failures.ts';
import { IssuerRefused } from '../../sandbox/issuer-api.ts';
import type { ExitCode } from '../command-failed.ts';
import { oneLine } from '../output/one-line.ts';

/** Whom a command called, and as whom. */
export interface Called {
  readonly url: string;
  /** Name of the key; null where none was sent. */
  readonly keyName: string | null;
}

export interface Explanation {
  /** What happened and what to do, in one line. */
  readonly text: string;
  readonly exitCode: ExitCode;
}

/** What a failed call to the service means for whoever typed the command; null for a failure of another kind. */
export function explain(error: unknown, { url, keyName }: Called): Explanation | null {
  if (error instanceof HttpFailure) {
    return {
      text:
        `no answer of the service (${error.message}); start it with \`issuer serve\`, or set ISSUER_URL to where it ` +
        `listens (now ${url})`,
      exitCode: 1,
    };
  }
  if (!(error instanceof IssuerRefused)) return null;
  const { status } = error;
  const problem = problemIn(error.body);
  if (problem === null) {
    return {
      text: `${url} answered ${String(status)} with something that is no answer of the issuer: check ISSUER_URL`,
      exitCode: 1,
    };
  }
  const { title, code, detail } = problem;
  const said = oneLine(`${title} (${code}, ${String(status)}): ${detail}`);
  if (status === 401) {
    return {
      text:
        `the service at ${url} does not know the key of ${keyName ?? 'nobody'} (${code}, 401): ISSUER_ADMIN_API_KEY ` +
        'needs a name:key that the service was started with, or another of its names with --as',
      exitCode: 2,
    };
  }
  if (status === 403) {
    return { text: `${said}; the service's INTERNAL_IP_RANGES says which addresses may`, exitCode: 1 };
  }
  return { text: said, exitCode: status === 400 ? 2 : 1 };
}

interface ProblemText {
  readonly title: string;
  readonly code: string;
  readonly detail: string;
}

function problemIn(body: string): ProblemText | null {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    // Whoever answers without JSON is not the service; the caller says so.
    return null;
  }
  if (typeof value !== 'object' || value === null) return null;
  const { title, code, detail } = value as Readonly<Record<string, unknown>>;
  return typeof title === 'string' && typeof code === 'string' && typeof detail === 'string'
    ? { title, code, detail }
    : null;
}
