import { createHash, timingSafeEqual } from 'node:crypto';
import { BlockList, isIPv6 } from 'node:net';
import type { FastifyRequest } from 'fastify';
import { IssuanceError } from '../primitives/failures.ts';

/** One key and the name under which its use is logged. */
export interface NamedKey {
  readonly name: string;
  readonly key: string;
}

export interface AddressRule {
  /** CIDR list; empty allows every address. */
  readonly ranges: readonly string[];
  /** A peer that sends `X-Forwarded-For` hides who calls: refuse it unless it is one of these proxies (CIDR). */
  readonly forwardedOnlyBy?: readonly string[];
}

export interface AccessRule extends AddressRule {
  readonly keys: readonly NamedKey[];
}

/**
 * Checks one role's callers: the address first, then the key in `X-API-KEY`. Returns the name of the key.
 *
 * @throws IssuanceError `address_forbidden`, `unauthenticated`
 */
export function createAccess(rule: AccessRule): (request: FastifyRequest) => string {
  const checkAddress = createAddressCheck(rule);
  const digests = rule.keys.map(({ name, key }) => ({ name, digest: digestOf(key) }));

  return (request) => {
    checkAddress(request);
    const given = request.headers['x-api-key'];
    const digest = digestOf(typeof given === 'string' ? given : '');
    // Every key is compared, each in constant time, so that neither length nor position can be measured.
    let found: string | null = null;
    for (const key of digests) {
      if (timingSafeEqual(key.digest, digest)) found = key.name;
    }
    if (found === null)
      throw new IssuanceError('unauthenticated', 'the header X-API-KEY is missing or wrong');
    return found;
  };
}

/**
 * Checks where a call comes from, and nothing else.
 *
 * @throws IssuanceError `address_forbidden`
 */
export function createAddressCheck(rule: AddressRule): (request: FastifyRequest) => void {
  const allowed = rule.ranges.length === 0 ? null : addressList(rule.ranges);
  const proxies = rule.forwardedOnlyBy === undefined ? null : addressList(rule.forwardedOnlyBy);

  return (request) => {
    const address = plainAddress(request.ip);
    const peer = plainAddress(request.socket.remoteAddress ?? '');
    if (proxies !== null && request.headers['x-forwarded-for'] !== undefined && !contains(proxies, peer)) {
      throw new IssuanceError(
        'address_forbidden',
        'the call came through a proxy that is not trusted; set TRUSTED_PROXIES or call directly',
      );
    }
    if (allowed !== null && !contains(allowed, address)) {
      throw new IssuanceError('address_forbidden', `calls from ${address} are not allowed here`);
    }
  };
}

function digestOf(key: string): Buffer {
  return createHash('sha256').update(key, 'utf8').digest();
}

/** An IPv4 address mapped into IPv6 (`::ffff:10.0.0.1`) is the IPv4 address. */
function plainAddress(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  return mapped?.[1] ?? address;
}

function contains(list: BlockList, address: string): boolean {
  return list.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}

function addressList(ranges: readonly string[]): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const [address = '', prefix] = range.split('/');
    const family = isIPv6(address) ? 'ipv6' : 'ipv4';
    list.addSubnet(address, prefix === undefined ? (family === 'ipv6' ? 128 : 32) : Number(prefix), family);
  }
  return list;
}
