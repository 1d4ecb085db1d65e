import { describe, expect, test } from 'vitest';
import { looksSecret, showPath, withoutUrlCredentials } from './looks-secret.ts';

const HEX = 'ab'.repeat(32);

describe('what may be a key', () => {
  test.each([HEX, `0x${HEX}`, `0x70997970C51812dc3A010C7d01b50e0d17dc79C8=${HEX}`])('%s', (text) => {
    expect(looksSecret(text)).toBe(true);
  });

  test('a PEM', () => {
    expect(looksSecret('-----BEGIN PRIVATE KEY-----\nMIIE')).toBe(true);
  });

  test.each(['many', '0x70997970C51812dc3A010C7d01b50e0d17dc79C8', 'https://broker-api.alpaca.markets'])(
    'not %s',
    (text) => {
      expect(looksSecret(text)).toBe(false);
    },
  );
});

describe('a path', () => {
  test.each(['/run/secrets/alpaca_api_secret', './key.pem', '../keys/evm', '~/evm', 'secrets/key.pem'])(
    '%s is shown',
    (path) => {
      expect(showPath(path)).toBe(`'${path}'`);
    },
  );

  test.each([
    HEX,
    'AKIAIOSFODNN7EXAMPLE',
    `/${'c2VjcmV0'.repeat(5)}`,
    '-----BEGIN PRIVATE KEY-----\nMIIE',
    'a=b',
  ])('%s is not: it may be the secret', (path) => {
    expect(showPath(path)).toBe(`[text of ${String(path.length)} characters] that does not look like a path`);
  });
});

test('credentials in a URL are left out', () => {
  expect(withoutUrlCredentials('https://me:word@host/path,https://host')).toBe(
    'https://[secret]@host/path,https://host',
  );
});
