import { z } from 'zod';
import { PROBLEMS } from '../problems.ts';
import type { ProblemCode } from '../problems.ts';
import { REMEDIES } from '../remedies.ts';

const PROBLEM = 'Problem';

/** The shape of every refusal and failure is a component of the document. */
z.globalRegistry.add(
  z.object({
    type: z.string().meta({ description: '`urn:issuance:problem:` and the code.' }),
    title: z.string().meta({ description: 'What kind of problem it is, in words.' }),
    status: z.number().int().meta({ description: 'The HTTP status.' }),
    code: z.string().meta({ description: 'Stable: match on it, and not on texts.' }),
    detail: z.string().meta({ description: 'What is wrong with this request, for people.' }),
    error: z.string().meta({ description: 'The same in the form that Alpaca knows.' }),
  }),
  { id: PROBLEM, description: 'A refusal or failure (RFC 9457).' },
);

interface ProblemResponse {
  readonly description: string;
  readonly content: object;
}

/** Responses of these problems by status; each names its codes, and what the caller is to do. */
export function problemResponses(codes: readonly ProblemCode[]): Readonly<Record<string, ProblemResponse>> {
  const byStatus = Map.groupBy(codes, (code) => String(PROBLEMS[code].status));
  return Object.fromEntries([...byStatus].map(([status, group]) => [status, response(group)]));
}

function response(codes: readonly ProblemCode[]): ProblemResponse {
  const narrowed = { type: 'object', properties: { code: { type: 'string', enum: codes } } };
  return {
    description: codes
      .map((code) => `\`${code}\`: ${PROBLEMS[code].title}. ${sentence(REMEDIES[code])}`)
      .join('\n\n'),
    content: {
      'application/problem+json': {
        schema: { allOf: [{ $ref: `#/components/schemas/${PROBLEM}` }, narrowed] },
      },
    },
  };
}

function sentence(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`;
}
