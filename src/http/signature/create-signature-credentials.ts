import type { KeyObject } from 'node:crypto';
import { createPublicKey, hash, timingSafeEqual, verify } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import type { Parameters } from 'structured-headers';
import type { SigningKey } from '../../config/values.ts';
import type { Clock } from '../../ports/ports.ts';
import type { Credentials, Verdict } from '../credentials.ts';
import { readDictionary, readSignature } from './read-signature.ts';
import { signatureBase } from './signature-base.ts';

export interface SignatureRule {
  /** Base URL that the caller uses. What stands in `Host` and in proxies' headers counts for nothing. */
  readonly publicUrl: string;
  /** Several during a rotation. */
  readonly keys: readonly SigningKey[];
}

/** A retried call is identical to the first one, its moment included, and may come a day later. */
const OLDEST_MS = 24 * 60 * 60 * 1_000;
/** How far the caller's clock may be ahead of ours. */
const SKEW_MS = 5 * 60 * 1_000;

const ALWAYS = ['@method', '@target-uri'];
const WITH_BODY = [...ALWAYS, 'content-type', 'content-digest'];
const ALGORITHM = 'ed25519';

/** RFC 9421 signatures with Ed25519 keys. Nonces are not remembered: every signed call may be repeated without harm. */
export function createSignatureCredentials(rule: SignatureRule, clock: Clock): Credentials {
  const base = normalBase(rule.publicUrl);
  const keys = new Map<string, KeyObject>(rule.keys.map((it) => [it.keyId, createPublicKey(it.pem)]));

  const check = (request: FastifyRequest): Verdict => {
    const { headers, method, url = '', rawHeaders } = request.raw;
    const signed = readSignature(single(headers['signature-input']), single(headers['signature']));
    if (typeof signed === 'string') return refused(signed);
    const { components, parameters, signature } = signed;
    const required = hasBody(request) ? WITH_BODY : ALWAYS;
    const uncovered = required.filter((name) => !components.includes(name));
    if (uncovered.length > 0) return refused(`the signature must cover ${uncovered.join(', ')} too`);

    const keyId = parameters.get('keyid');
    const key = typeof keyId === 'string' ? keys.get(keyId) : undefined;
    if (typeof keyId !== 'string' || key === undefined) {
      return refused('the signature names no keyid that is known here');
    }
    const fault = parameterFault(parameters, clock.nowMs());
    if (fault !== null) return refused(fault);

    const targetUri = targetOf(base, url);
    if (targetUri === null) return refused(`the request is not for ${base}`);
    const found = signatureBase({ method: method ?? '', targetUri, rawHeaders }, signed);
    if ('missing' in found) {
      return refused(`the signature covers "${found.missing}", which the request does not have`);
    }
    if (!verify(null, Buffer.from(found.base, 'latin1'), key, signature)) {
      return refused(`the signature is wrong; its "@target-uri" must begin with ${base}`);
    }
    if (components.includes('content-digest')) {
      const digest = readDigest(single(headers['content-digest']));
      if (typeof digest === 'string') return refused(digest);
      request.bodyDigest = digest;
    }
    return { kind: 'accepted', name: `alpaca/${keyId}` };
  };

  return {
    check,
    checkBody(request, bytes) {
      const { bodyDigest } = request;
      if (bodyDigest === null) return null;
      if (!timingSafeEqual(hash('sha256', bytes, 'buffer'), bodyDigest)) {
        return 'the body is not the one whose digest was signed';
      }
      request.bodyDigest = null;
      return null;
    },
  };
}

function refused(why: string): Verdict {
  return { kind: 'refused', why };
}

/** Lines of one name arrive joined; only `Set-Cookie` would be a list. */
function single(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** A body of no bytes that is announced as one counts as a body. */
function hasBody({ headers }: FastifyRequest): boolean {
  const length = headers['content-length'];
  return headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0');
}

/** As clients spell it: host in lower case, no default port, no slash at the end. */
function normalBase(publicUrl: string): string {
  const { origin, pathname } = new URL(publicUrl);
  return `${origin}${pathname.replace(/\/+$/, '')}`;
}

/** The URL that was asked for. A request may name it whole (RFC 9112, section 3.2.2); it must be ours then. */
function targetOf(base: string, url: string): string | null {
  if (url.startsWith('/')) return `${base}${url}`;
  return url.startsWith(`${base}/`) ? url : null;
}

function parameterFault(parameters: Parameters, nowMs: number): string | null {
  const algorithm = parameters.get('alg');
  if (algorithm !== undefined && algorithm !== ALGORITHM) {
    return `the signature contradicts its key, which is for ${ALGORITHM} only`;
  }
  const created = parameters.get('created');
  if (!isMoment(created)) return 'the signature must say when it was created, in whole seconds';
  if (created * 1_000 - nowMs > SKEW_MS) return 'the signature was created in the future: check both clocks';
  if (nowMs - created * 1_000 > OLDEST_MS) return 'the signature is older than 24 hours: sign the call anew';
  const expires = parameters.get('expires');
  if (expires === undefined) return null;
  if (!isMoment(expires)) return 'the signature must say in whole seconds when it expires';
  return nowMs - expires * 1_000 > SKEW_MS ? 'the signature has expired: sign the call anew' : null;
}

function isMoment(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value);
}

/** The SHA-256 of the body that is promised (RFC 9530), or what is wrong with the header. */
function readDigest(text: string | undefined): Uint8Array | string {
  const digests = readDictionary('Content-Digest', text ?? '');
  if (typeof digests === 'string') return digests;
  const [digest] = digests.get('sha-256') ?? [];
  const isDigest = digest instanceof ArrayBuffer && digest.byteLength === 32;
  return isDigest ? new Uint8Array(digest) : 'the header Content-Digest must hold a sha-256 of 32 bytes';
}
