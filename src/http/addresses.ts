import { BlockList, isIPv4, isIPv6 } from 'node:net';
import { parseIpRange } from '../config/ip-range.ts';
import { invariant } from '../primitives/failures.ts';
import { ipv6Groups, mappedIpv4 } from '../primitives/ipv6.ts';

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

/**
 * Says whether a plain address is in one of the ranges. A mapped address is an IPv4 address: a range of IPv6 that spans
 * all of them, such as `::1/64`, takes none of them in.
 *
 * @param ranges CIDR texts or single addresses, as the settings take them.
 */
export function createAddressList(ranges: readonly string[]): (address: string) => boolean {
  const lists = { ipv4: new BlockList(), ipv6: new BlockList() };
  for (const text of ranges) {
    const range = parseIpRange(text);
    invariant(range !== null, `${text} is no range of addresses`);
    const [address = ''] = range.text.split('/');
    lists[range.family].addSubnet(address, range.prefix, range.family);
  }
  return (address) => {
    if (isIPv4(address)) return lists.ipv4.check(address, 'ipv4');
    return isIPv6(address) && lists.ipv6.check(address, 'ipv6');
  };
}

/**
 * Under what one caller's failures are counted. With IPv6 a caller commands at least a /64, so that counting single
 * addresses would count nothing.
 */
export function addressGroup(address: string): string {
  if (isIPv4(address)) return address;
  if (!isIPv6(address)) return UNREADABLE;
  const groups = ipv6Groups(address)
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
