import { mappedIpv4 } from '../primitives/ipv6.ts';

/**
 * A CIDR range as it was written, in lower case, always with its prefix length; one of mapped addresses
 * (`::ffff:10.0.0.0/104`) as the IPv4 range that it is.
 */
export interface IpRange {
  readonly text: string;
  readonly family: 'ipv4' | 'ipv6';
  readonly prefix: number;
}

const OCTET = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)';
const IPV4 = new RegExp(`^${OCTET}(?:\\.${OCTET}){3}$`);
/** `::ffff:0:0/96` is all of IPv4. */
const MAPPED_PREFIX = 96;
const PREFIX = /^(?:0|[1-9]\d{0,2})$/;

/** Reads `10.0.0.0/8`, `fd00::/8`, or a single address; null when it is none of them. */
export function parseIpRange(text: string): IpRange | null {
  const [address = '', length, ...rest] = text.toLowerCase().split('/');
  const family = familyOf(address);
  if (family === null || rest.length > 0) return null;
  const longest = family === 'ipv4' ? 32 : 128;
  if (length !== undefined && !PREFIX.test(length)) return null;
  const prefix = length === undefined ? longest : Number(length);
  if (prefix > longest) return null;
  const mapped = family === 'ipv6' && prefix >= MAPPED_PREFIX ? mappedIpv4(address) : null;
  if (mapped === null) return { text: `${address}/${String(prefix)}`, family, prefix };
  const ownPrefix = prefix - MAPPED_PREFIX;
  return { text: `${mapped}/${String(ownPrefix)}`, family: 'ipv4', prefix: ownPrefix };
}

/** The platform's URL parser knows every spelling of IPv6; what it accepts between brackets is one. */
function familyOf(address: string): 'ipv4' | 'ipv6' | null {
  if (IPV4.test(address)) return 'ipv4';
  return /^[0-9a-f:.]+$/.test(address) && URL.canParse(`http://[${address}]/`) ? 'ipv6' : null;
}
