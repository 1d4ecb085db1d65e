import { assert, constantFrom, integer, ipV4, ipV6, oneof, property, string } from 'fast-check';
import { BlockList, isIP } from 'node:net';
import { describe, expect, test } from 'vitest';
import { parseIpRange } from './ip-range.ts';

describe('parseIpRange', () => {
  test('what it gives, the platform takes', () => {
    assert(
      property(oneof(ipV4(), ipV6()), integer({ min: 0, max: 128 }), (address, length) => {
        const range = parseIpRange(`${address}/${String(length)}`);
        if (address.startsWith('::ffff:')) return true;
        const family = isIP(address) === 4 ? 'ipv4' : 'ipv6';
        if (family === 'ipv4' && length > 32) return range === null;
        new BlockList().addSubnet(address, range?.prefix ?? -1, family);
        return range?.family === family && range.prefix === length;
      }),
    );
  });

  test('it takes an address exactly when the platform does', () => {
    const characters = string({ unit: constantFrom(...'0123456789af:.'.split('')), maxLength: 20 });
    assert(
      property(
        oneof(characters, ipV4(), ipV6()),
        (text) => (parseIpRange(text) !== null) === (isIP(text) !== 0),
      ),
      { numRuns: 2000 },
    );
  });

  test.each([
    '',
    '/',
    '10.0.0.0/',
    '10.0.0.0/08',
    '10.0.0.0/8/8',
    '10.0.0.0/-1',
    '010.0.0.1',
    '10.1/8',
    'fe80::1%eth0',
    'localhost',
  ])('refuses %j', (text) => {
    expect(parseIpRange(text)).toBeNull();
  });

  test.each([
    ['::ffff:10.0.0.0/104', '10.0.0.0/8'],
    ['0:0:0:0:0:FFFF:a00:1', '10.0.0.1/32'],
    ['::ffff:0:0/96', '0.0.0.0/0'],
  ])('%s, of mapped addresses, is the IPv4 range %s', (text, range) => {
    expect(parseIpRange(text)).toMatchObject({ text: range, family: 'ipv4' });
  });

  test('a range that is larger than the mapped ones is of IPv6', () => {
    expect(parseIpRange('::ffff:0:0/95')).toEqual({ text: '::ffff:0:0/95', family: 'ipv6', prefix: 95 });
  });

  test('a single address is a range of one', () => {
    expect(parseIpRange('10.0.0.1')?.text).toBe('10.0.0.1/32');
    expect(parseIpRange('FD00::1')?.text).toBe('fd00::1/128');
  });
});
