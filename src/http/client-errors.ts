import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { Random } from '../ports/ports.ts';
import { uuidV4 } from '../primitives/uuid.ts';
import type { Log } from '../telemetry/log.ts';
import type { OwedAnswers } from './owed-answers.ts';
import type { Problem } from './problems.ts';
import { problem } from './problems.ts';

export interface ClientErrorParts {
  readonly log: Log;
  readonly random: Random;
  readonly owed: OwedAnswers;
}

/**
 * Answers what is no HTTP request, or did not come in full in time, and ends its connection: nobody can tell where a
 * next request would begin. What was asked for before is answered still, and then the connection is ended without a
 * word: it would be taken for the answer to that.
 */
export function createClientErrorHandler({ log, random, owed }: ClientErrorParts) {
  const ending = new WeakSet<Socket>();
  return (error: Error & { readonly code?: string }, socket: Socket): void => {
    if (socket.destroyed) return;
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy();
      return;
    }
    if (ending.has(socket)) return;
    ending.add(socket);
    const answer = owed.last(socket);
    if (answer !== null) {
      const end = (): void => {
        socket.destroySoon();
      };
      if (answer.writableFinished) end();
      else answer.once('finish', end);
      return;
    }
    const found = problemOfClientError(error.code);
    const requestId = uuidV4(random.bytes(16));
    // Not at info: anybody can cause as many as they like, before they have shown any credentials.
    log.debug(
      { request_id: requestId, status: found.status, code: found.code, err: error },
      'no readable request',
    );
    socket.end(responseOf(found, requestId), () => {
      socket.destroy();
    });
  };
}

function problemOfClientError(code: string | undefined): Problem {
  switch (code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return problem('request_timeout', 'the request did not come in full in time');
    case 'HPE_HEADER_OVERFLOW':
      return problem('headers_too_large', 'the headers are too large');
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return problem('payload_too_large', 'the chunks of the body carry too much beside the body');
    default:
      return problem('malformed', 'the request is not HTTP/1.1');
  }
}

function responseOf(found: Problem, requestId: string): string {
  const body = JSON.stringify(found);
  return [
    `HTTP/1.1 ${found.status} ${STATUS_CODES[found.status] ?? ''}`,
    'content-type: application/problem+json',
    `content-length: ${Buffer.byteLength(body)}`,
    `x-request-id: ${requestId}`,
    'connection: close',
    '',
    body,
  ].join('\r\n');
}
