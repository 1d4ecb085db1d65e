import type { FastifyReply, FastifyRequest } from 'fastify';
import { IssuanceError } from '../primitives/failures.ts';
import { shownPath } from './answer-error.ts';
import type { ServerLimits } from './limits.ts';

/** The first look at every request: the headers of every answer, and what Node lets pass and we do not. */
export function createHeadCheck({ headerLines }: Pick<ServerLimits, 'headerLines'>) {
  /** Connections on which nobody can tell any more where a request begins. */
  const broken = new WeakSet<object>();
  return (request: FastifyRequest, reply: FastifyReply, done: (error?: Error) => void): void => {
    reply.header('x-request-id', request.id);
    // A cache in between knows nothing of X-API-KEY and of signatures, and would hand answers to anybody.
    reply.header('cache-control', 'no-store');
    reply.header('x-content-type-options', 'nosniff');
    const { rawHeaders } = request.raw;
    if (rawHeaders.length > 2 * headerLines) {
      done(new IssuanceError('headers_too_large', `the request has more than ${headerLines} headers`));
      return;
    }
    const { socket } = request.raw;
    const fault = broken.has(socket)
      ? 'the request came behind one that was broken'
      : (hostFault(request) ?? framingFault(request));
    if (fault === null) {
      done(request.is404 ? noRoute(request) : undefined);
      return;
    }
    // What lies behind it was read already, and would be handled although its answer never goes out.
    broken.add(socket);
    reply.header('connection', 'close');
    done(new IssuanceError('malformed', fault));
  };
}

/** Told before the body is read: it would be kept in memory for a caller without credentials, and for nothing. */
export function noRoute(request: FastifyRequest): IssuanceError {
  return new IssuanceError('not_found', `there is no route ${request.method} ${shownPath(request)}`);
}

/**
 * HTTP/1.1 asks for exactly one `Host` (RFC 9112, section 3.2): two of them are how a proxy and a server come to
 * disagree. Node would keep the first, and without one answer in a form of its own.
 */
function hostFault({ raw: { rawHeaders, httpVersion } }: FastifyRequest): string | null {
  let hosts = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at];
    if (name?.length === 4 && name.toLowerCase() === 'host') hosts += 1;
  }
  if (hosts === 1 || (hosts === 0 && httpVersion === '1.0')) return null;
  return 'the request must name exactly one Host';
}

/** Where a body ends is told by its length or by chunks alone; other codings are not undone here. */
function framingFault({ headers, raw: { httpVersion } }: FastifyRequest): string | null {
  const coding = headers['transfer-encoding'];
  if (coding === undefined || (coding.toLowerCase() === 'chunked' && httpVersion !== '1.0')) return null;
  return 'the only transfer coding that is understood is chunked, with HTTP/1.1';
}
