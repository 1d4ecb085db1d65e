import { BlockList, isIPv4, isIPv6 } from 'node:net';

/** What stands for every address that cannot be read, where addresses are counted. */
const UNREADABLE = 'unreadable';

/**
 * The address alone, as a socket or a proxy in `X-Forwarded-For` names it: without a zone (`fe80::1%eth0`), without the
 * port that some proxies add, and as IPv4 where that was mapped into IPv6 (`::ffff:10.0.0.1`). What is no address comes
 * back as it is, and is in no list.
 */
export function plainAddress(text: string): string {
  const bare = withoutPort(text);
  if (!isIPv6(bare)) return bare;
  const address = bare.split('%')[0] ?? '';
  return mappedIpv4(address) ?? address;
}

/** Says whether a plain address is in one of the ranges. */
export function createAddressList(ranges: readonly string[]): (address: string) => boolean {
  const list = new BlockList();
  for (const range of ranges) {
    const [address = '', prefix] = range.split('/');
    const family = isIPv6(address) ? 'ipv6' : 'ipv4';
    list.addSubnet(address, prefix === undefined ? (family === 'ipv6' ? 128 : 32) : Number(prefix), family);
  }
  return (address) => {
    if (isIPv4(address)) return list.check(address, 'ipv4');
    return isIPv6(address) && list.check(address, 'ipv6');
  };
}

/**
 * Under what one caller's failures are counted. With IPv6 a caller commands at least a /64, so that counting single
 * addresses would count nothing.
 */
export function addressGroup(address: string): string {
  if (isIPv4(address)) return address;
  if (!isIPv6(address)) return UNREADABLE;
  const groups = groupsOf(address)
    .slice(0, 4)
    .map((group) => group.toString(16));
  return `${groups.join(':')}::/64`;
}

function withoutPort(text: string): string {
  const [, bracketed] = /^\[([^\]]*)\](?::\d+)?$/.exec(text) ?? [];
  if (bracketed !== undefined) return bracketed;
  const [, address] = /^([^:]*):\d+$/.exec(text) ?? [];
  return address ?? text;
}

function mappedIpv4(address: string): string | null {
  // Nearly every address is told from its beginning; only the others are taken apart.
  if (!/^[0:]+:ffff:/i.test(address)) return null;
  const groups = groupsOf(address);
  if (groups.slice(0, 5).some((group) => group !== 0) || groups[5] !== 0xffff) return null;
  return groups
    .slice(6)
    .flatMap((group) => [group >> 8, group & 0xff])
    .join('.');
}

/** The eight groups of an IPv6 address in any spelling. */
function groupsOf(address: string): readonly number[] {
  const [head = '', tail] = address.split('::');
  const before = readGroups(head);
  if (tail === undefined) return before;
  const after = readGroups(tail);
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => 0);
  return [...before, ...zeros, ...after];
}

function readGroups(text: string): readonly number[] {
  if (text === '') return [];
  return text.split(':').flatMap((part) => {
    if (!part.includes('.')) return [Number.parseInt(part, 16)];
    const [a = 0, b = 0, c = 0, d = 0] = part.split('.').map(Number);
    return [(a << 8) | b, (c << 8) | d];
  });
}
