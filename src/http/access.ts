import type { FastifyRequest } from 'fastify';
import type { Clock } from '../ports/ports.ts';
import { IssuanceError } from '../primitives/failures.ts';
import { createAddressList, plainAddress } from './addresses.ts';
import type { Attempts } from './attempts.ts';
import type { NamedKey } from './credentials.ts';
import { createKeyCredentials } from './credentials.ts';
import type { SignatureRule } from './signature/create-signature-credentials.ts';
import { createSignatureCredentials } from './signature/create-signature-credentials.ts';

export interface AddressRule {
  /** CIDR list; empty allows every address. */
  readonly ranges: readonly string[];
  /** A peer that says that it forwards hides who calls: refuse it unless it is one of these proxies (CIDR). */
  readonly forwardedOnlyBy?: readonly string[];
}

export interface AccessRule extends AddressRule {
  readonly keys: readonly NamedKey[];
  /** Where this is given, requests must be signed, and the keys open nothing. */
  readonly signatures?: SignatureRule;
}

/** The checks of one role's callers. */
export interface Access {
  /**
   * Checks the address first, then the credentials. Returns the name of the key.
   *
   * @throws IssuanceError `address_forbidden`, `unauthenticated`, `rate_limited`
   */
  readonly authenticate: (request: FastifyRequest) => string;
  /**
   * Checks that the body is the one that the credentials promised; null where they promise nothing.
   *
   * @throws IssuanceError `unauthenticated`, `rate_limited`
   */
  readonly checkBody: ((request: FastifyRequest, bytes: Uint8Array) => void) | null;
}

/** Creates the checks of one role. */
export function createAccess(
  rule: AccessRule,
  { attempts, clock }: { readonly attempts: Attempts; readonly clock: Clock },
): Access {
  const checkAddress = createAddressCheck(rule);
  const credentials =
    rule.signatures === undefined
      ? createKeyCredentials(rule.keys)
      : createSignatureCredentials(rule.signatures, clock);
  const { checkBody } = credentials;
  const refuse = (request: FastifyRequest, why: string): never => {
    throw refusal(attempts.fail(callerOf(request)), why);
  };

  return {
    authenticate(request) {
      checkAddress(request);
      const verdict = credentials.check(request);
      return verdict.kind === 'accepted' ? verdict.name : refuse(request, verdict.why);
    },
    checkBody:
      checkBody === undefined
        ? null
        : (request, bytes) => {
            const why = checkBody(request, bytes);
            if (why !== null) refuse(request, why);
          },
  };
}

/**
 * Checks where a call comes from, and nothing else.
 *
 * @throws IssuanceError `address_forbidden`
 */
export function createAddressCheck(rule: AddressRule): (request: FastifyRequest) => void {
  const isAllowed = rule.ranges.length === 0 ? null : createAddressList(rule.ranges);
  const isProxy = rule.forwardedOnlyBy === undefined ? null : createAddressList(rule.forwardedOnlyBy);

  return (request) => {
    if (isProxy !== null) refuseHidden(request, isProxy);
    if (isAllowed === null) return;
    const address = callerOf(request);
    if (isAllowed(address)) return;
    const shown = address === '' ? 'an unknown address' : address.slice(0, 64);
    throw new IssuanceError('address_forbidden', `calls from ${shown} are not allowed here`);
  };
}

/**
 * Whether a call comes from a peer of ours: one of the proxies, or an internal address that calls directly. It is about
 * who holds the other end of the connection, not about whom that speaks for.
 */
export function createPeerCheck(trusted: {
  readonly proxies: readonly string[];
  readonly internal: readonly string[];
}): (request: FastifyRequest) => boolean {
  const isProxy = createAddressList(trusted.proxies);
  const isInternal = createAddressList(trusted.internal);
  return ({ headers, socket }) => {
    const peer = plainAddress(socket.remoteAddress ?? '');
    const isDirect = PROXY_HEADERS.every((name) => headers[name] === undefined);
    return isProxy(peer) || (isDirect && isInternal(peer));
  };
}

/** The address of the caller, behind the trusted proxies. A connection that is gone has none. */
export function callerOf(request: FastifyRequest): string {
  return plainAddress(request.ip ?? '');
}

/** Headers by which a proxy shows itself. */
const PROXY_HEADERS = ['x-forwarded-for', 'forwarded', 'x-real-ip', 'via'] as const;

/** Who stands behind a proxy is known only where we trust it and it says so. */
function refuseHidden({ headers, socket }: FastifyRequest, isProxy: (address: string) => boolean): void {
  if (PROXY_HEADERS.every((name) => headers[name] === undefined)) return;
  if (!isProxy(plainAddress(socket.remoteAddress ?? ''))) {
    throw new IssuanceError(
      'address_forbidden',
      'the call came through a proxy that is not trusted; set TRUSTED_PROXIES or call directly',
    );
  }
  if (headers['x-forwarded-for'] !== undefined) return;
  throw new IssuanceError(
    'address_forbidden',
    'the proxy does not say who calls; let it set X-Forwarded-For, or call directly',
  );
}

/** What a caller without credentials is told, who must wait for so long if there were too many already. */
function refusal(waitMs: number | null, why: string): IssuanceError {
  if (waitMs === null) return new IssuanceError('unauthenticated', why);
  const retryAfterSeconds = Math.max(1, Math.ceil(waitMs / 1_000));
  return new IssuanceError(
    'rate_limited',
    `too many failed credentials came from this address; the last one failed: ${why}`,
    { details: { retryAfterSeconds } },
  );
}
