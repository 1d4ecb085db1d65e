import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import { IssuanceError } from '../primitives/failures.ts';
import type { Log } from '../telemetry/log.ts';
import { callerOf } from './access.ts';
import type { ServerLimits } from './limits.ts';
import type { FailureLines } from './failure-lines.ts';
import type { Problem } from './problems.ts';
import { problem, problemOf } from './problems.ts';

/** Answers with a 5xx that tell of no failure: the caller is to come again, and what is behind it is told elsewhere. */
const EXPECTED: ReadonlySet<string> = new Set([
  'stopping',
  'busy',
  'unknown_confirm',
  'unclear_confirm',
  'chain_unavailable',
  'alpaca_unavailable',
]);

/** Answers an error of a route as its problem, and logs it. */
export async function answerError(
  {
    log,
    limits,
    failures,
  }: { readonly log: Log; readonly limits: ServerLimits; readonly failures: FailureLines },
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  const found = frameworkProblem(error, request, limits) ?? problemOf(error);
  const fields = {
    request_id: request.id,
    method: request.method,
    route: request.routeOptions.url ?? null,
    status: found.status,
    code: found.code,
  };
  if (found.status >= 500 && !EXPECTED.has(found.code)) {
    failures.failed({ route: fields.route, code: found.code, error, fields });
  } else {
    const address = callerOf(request).slice(0, 64);
    // Not at info what anybody can cause as often as they like, before they have shown any credentials.
    const level = found.code === 'rate_limited' || request.is404 ? 'debug' : 'info';
    log[level]({ ...fields, address, detail: found.detail }, 'request refused');
  }
  if (error instanceof IssuanceError) {
    const { retryAfterSeconds } = error.details;
    if (typeof retryAfterSeconds === 'number') reply.header('retry-after', String(retryAfterSeconds));
  }
  // Otherwise the rest of the body would be read, for as long as the caller likes, only to be thrown away.
  if (isLongBodyUnderway(request, limits)) reply.header('connection', 'close');
  await sendProblem(request, reply, found);
}

/** Sends a problem in the one form that all of them have. */
export async function sendProblem(
  request: FastifyRequest,
  reply: FastifyReply,
  found: Problem,
): Promise<void> {
  await reply
    .code(found.status)
    .header('content-type', 'application/problem+json')
    .header('x-request-id', request.id)
    .serializer(JSON.stringify)
    .send(found);
}

/** The path that was asked for, without its query, which may hold what is not for a log. */
export function shownPath(request: FastifyRequest): string {
  return (request.url.split('?')[0] ?? '').slice(0, 200);
}

function isLongBodyUnderway({ raw, headers }: FastifyRequest, { bodyBytes }: ServerLimits): boolean {
  if (raw.complete) return false;
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > bodyBytes;
}

/** What is wrong as a whole. */
const WHOLE: Readonly<Record<string, string>> = { querystring: 'query', params: 'path', headers: 'headers' };

/** Problems that Fastify and its plugins find: a body that cannot be read, or does not fit the route's schema. */
function frameworkProblem(
  error: unknown,
  request: FastifyRequest,
  { bodyBytes }: ServerLimits,
): Problem | null {
  if (hasZodFastifySchemaValidationErrors(error)) {
    const whole = WHOLE[error.validationContext ?? ''] ?? 'body';
    const faults = error.validation.map(
      (it) => `${it.instancePath.length > 1 ? it.instancePath : whole}: ${it.message ?? 'wrong'}`,
    );
    return problem('malformed', faults.slice(0, 10).join('; '));
  }
  switch ((error as Partial<FastifyError> | null)?.code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return problem('payload_too_large', `the body is larger than ${bodyBytes} bytes`);
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return problem('unsupported_media_type', 'send the body as application/json');
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
      return problem('malformed', 'the body is not as long as its Content-Length says');
    case 'ECONNRESET':
      return problem('malformed', 'the caller went away before its body was there');
    default:
      return pluginProblem((error as Partial<FastifyError> | null)?.statusCode, request);
  }
}

/**
 * What a plugin refuses with a status of its own, as the files of the page do: a path that leads out of their folder, a
 * range that they do not have. Only plugins set one, so that no failure of ours is taken for the caller's.
 */
function pluginProblem(status: number | undefined, request: FastifyRequest): Problem | null {
  if (status === undefined || status < 400 || status >= 500) return null;
  if (status === 403 || status === 404)
    return problem('not_found', `there is nothing at ${shownPath(request)}`);
  return problem('malformed', `the headers ask for what ${shownPath(request)} cannot give`);
}
