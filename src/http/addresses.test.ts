import { assert, integer, ipV4, ipV6, property, string, tuple } from 'fast-check';
import { isIP } from 'node:net';
import { describe, expect, test } from 'vitest';
import { parseIpRange } from '../config/ip-range.ts';
import { addressGroup, createAddressList, plainAddress } from './addresses.ts';

const inList = (ranges: readonly string[], address: string): boolean =>
  createAddressList(ranges)(plainAddress(address));

describe('a list of addresses', () => {
  test.each([
    ['10.0.0.0/8', '10.255.0.1', true],
    ['10.0.0.0/8', '11.0.0.1', false],
    ['10.0.0.0/8', '::ffff:10.1.2.3', true],
    ['10.0.0.0/8', '::FFFF:10.1.2.3', true],
    ['10.0.0.0/8', '::ffff:a01:203', true],
    ['10.0.0.0/8', '0:0:0:0:0:ffff:0a01:0203', true],
    ['10.0.0.0/8', '::ffff:b01:203', false],
    ['10.0.0.0/8', '::fffe:10.1.2.3', false],
    ['::ffff:10.0.0.0/104', '10.1.2.3', true],
    ['::ffff:10.0.0.0/104', '::ffff:10.1.2.3', true],
    ['::ffff:10.0.0.0/104', '11.1.2.3', false],
    ['::ffff:a00:0/104', '10.1.2.3', true],
    // A mapped address is an IPv4 address, so that no range of IPv6 takes all of IPv4 in.
    ['::/0', '10.1.2.3', false],
    ['::1/64', '10.1.2.3', false],
    ['::1/64', '::ffff:10.1.2.3', false],
    ['::ffff:0:0/95', '10.1.2.3', false],
    ['::/0', '2001:db8::1', true],
    ['192.0.2.7', '192.0.2.7', true],
    ['192.0.2.7', '192.0.2.8', false],
    ['0.0.0.0/0', '203.0.113.9', true],
    ['0.0.0.0/0', '2001:db8::1', false],
    ['2001:db8::/32', '2001:db8:ffff::1', true],
    ['2001:db8::/32', '2001:db9::1', false],
    ['2001:db8::/32', '2001:0DB8:0:0::1', true],
    ['fe80::/10', 'fe80::1%eth0', true],
    ['fe80::1/128', 'fe80::1%25en0', true],
    ['10.1.2.3', '::ffff:10.1.2.3%eth0', true],
    ['::1/128', '::1', true],
    ['127.0.0.0/8', '::1', false],
    ['10.0.0.0/8', '10.1.2.3:51234', true],
    ['2001:db8::/32', '[2001:db8::1]:443', true],
    ['2001:db8::/32', '[2001:db8::1]', true],
  ])('%s and %s: %s', (range, address, expected) => {
    expect(inList([range], address)).toBe(expected);
  });

  test.each([
    '',
    ' ',
    'unknown',
    '_hidden',
    '10.1.2',
    '010.1.2.3',
    '10.1.2.3.4',
    '10.1.2.3/8',
    '10.1.2.3 ',
    '0x0a010203',
    '167838211',
    '10.1.2.256',
    '::ffff:10.1.2.3.4',
    ':::1',
    '1::2::3',
    '[::1',
    '%eth0',
    '10.1.2.3%eth0:1',
    '\u0000',
    'a'.repeat(10_000),
  ])('%j is in no list', (address) => {
    expect(inList(['0.0.0.0/0', '::/0'], address)).toBe(false);
    expect(addressGroup(plainAddress(address))).toBe('unreadable');
  });

  test('whatever the settings take, the list takes, and every address is in its own range', () => {
    assert(
      property(tuple(ipV4(), integer({ min: 0, max: 32 })), ([address, prefix]) => {
        const range = parseIpRange(`${address}/${prefix}`)?.text ?? '';
        return inList([range], address) && inList([range], `::ffff:${address}`);
      }),
    );
    assert(
      property(tuple(ipV6(), integer({ min: 0, max: 128 })), ([address, prefix]) => {
        const range = parseIpRange(`${address}/${prefix}`)?.text ?? '';
        return inList([range], address) || plainAddress(address) !== address;
      }),
    );
  });

  test('no text makes it throw', () => {
    const check = createAddressList(['10.0.0.0/8', 'fe80::/10']);
    assert(
      property(string({ unit: 'binary', maxLength: 60 }), (text) => {
        const address = plainAddress(text);
        return typeof check(address) === 'boolean' && addressGroup(address) !== '';
      }),
    );
    assert(
      property(string({ unit: 'grapheme-ascii', maxLength: 40 }), (text) => {
        const address = plainAddress(text.replaceAll(/[g-z]/g, ':'));
        return !check(address) || isIP(address) !== 0;
      }),
    );
  });
});

describe('what is counted together', () => {
  test.each([
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::', '2001:db8:1:2::/64'],
    ['2001:0db8:0001:0002:ffff::1', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['1:2:3:4:5:6:192.0.2.7', '1:2:3:4::/64'],
  ])('%s as %s', (address, group) => {
    expect(addressGroup(plainAddress(address))).toBe(group);
  });
});
