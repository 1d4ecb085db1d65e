import { createPublicKey, verify } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { readSignature } from './read-signature.ts';
import { signatureBase } from './signature-base.ts';

/** RFC 9421, appendix B.2: the request of all examples. */
const REQUEST = {
  method: 'POST',
  targetUri: 'https://example.com/foo?param=Value&Pet=dog',
  rawHeaders: [
    ['Host', 'example.com'],
    ['Date', 'Tue, 20 Apr 2021 02:07:55 GMT'],
    ['Content-Type', 'application/json'],
    [
      'Content-Digest',
      'sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:',
    ],
    ['Content-Length', '18'],
  ].flat(),
};

/** Appendix B.1.4. */
const KEY = createPublicKey({
  format: 'jwk',
  key: { kty: 'OKP', crv: 'Ed25519', x: 'JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs' },
});

function read(input: string, signature = 'sig=:AAAA:') {
  const found = readSignature(input, signature);
  if (typeof found === 'string') throw new Error(found);
  return found;
}

describe('the signature base', () => {
  test('is the one of RFC 9421, appendix B.2.6, and its signature verifies', () => {
    const parameters =
      '("date" "@method" "@path" "@authority" "content-type" "content-length")' +
      ';created=1618884473;keyid="test-key-ed25519"';
    const signed = read(
      `sig-b26=${parameters}`,
      'sig-b26=:wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1' +
        'u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==:',
    );
    const base = [
      '"date": Tue, 20 Apr 2021 02:07:55 GMT',
      '"@method": POST',
      '"@path": /foo',
      '"@authority": example.com',
      '"content-type": application/json',
      '"content-length": 18',
      `"@signature-params": ${parameters}`,
    ].join('\n');
    expect(signatureBase(REQUEST, signed)).toEqual({ base });
    expect(verify(null, Buffer.from(base), KEY, signed.signature)).toBe(true);
    const other = base.replace('POST', 'PUT');
    expect(verify(null, Buffer.from(other), KEY, signed.signature)).toBe(false);
  });

  test.each([
    ['@method', 'POST'],
    ['@target-uri', 'https://example.com/foo?param=Value&Pet=dog'],
    ['@authority', 'example.com'],
    ['@scheme', 'https'],
    ['@request-target', '/foo?param=Value&Pet=dog'],
    ['@path', '/foo'],
    ['@query', '?param=Value&Pet=dog'],
    ['content-length', '18'],
  ])('has %s as section 2.2 tells it', (name, value) => {
    const found = signatureBase(REQUEST, read(`sig=("${name}");keyid="a"`));
    expect(found).toEqual({ base: `"${name}": ${value}\n"@signature-params": ("${name}");keyid="a"` });
  });

  test('has an empty query as a question mark, and values of one name in one line', () => {
    const request = {
      ...REQUEST,
      targetUri: 'https://example.com/foo',
      rawHeaders: ['X-A', ' one ', 'x-b', '', 'x-a', 'two'],
    };
    const signed = read('sig=("@query" "x-a" "x-b")');
    expect(signatureBase(request, signed)).toEqual({
      base: '"@query": ?\n"x-a": one, two\n"x-b": \n"@signature-params": ("@query" "x-a" "x-b")',
    });
  });

  test.each(['@status', '@query-param', '@nonsense', '@', 'x-absent'])('has no %s', (name) => {
    const signed = { input: [[], new Map()] as [[], Map<never, never>], components: [name] };
    expect(signatureBase(REQUEST, signed)).toEqual({ missing: name });
  });
});

describe('reading a signature', () => {
  const signature = 'sig=:AAAA:';
  const input = 'sig=("@method");created=1';

  test.each([
    ['no input', undefined, signature, /Signature-Input is missing/],
    ['no signature', input, undefined, /Signature is missing/],
    ['an empty input', '', signature, /exactly one/],
    ['an empty signature', input, '', /exactly one/],
    ['two signatures', `${input}, b=("@method")`, 'sig=:AAAA:, b=:AAAA:', /exactly one/],
    ['a second one without input', input, 'sig=:AAAA:, b=:AAAA:', /exactly one/],
    ['another label', input, 'other=:AAAA:', /exactly one/],
    ['a label twice in the input', `${input}, ${input}`, signature, /twice/],
    ['a label twice in the signature', input, 'sig=:AAAA:, sig=:BBBB:', /twice/],
    ['a parameter twice', 'sig=("@method");created=1;created=2', signature, /twice/],
    ['a parameter twice alike', 'sig=("@method");created=1;created=1', signature, /twice/],
    ['a component twice', 'sig=("@method" "@method")', signature, /covered twice/],
    ['an item for a list', 'sig="@method"', signature, /must list/],
    ['a token for the signature', input, 'sig=abc', /byte sequence/],
    ['a string for the signature', input, 'sig="AAAA"', /byte sequence/],
    ['a list for the signature', input, 'sig=(:AAAA:)', /byte sequence/],
    ['base64 without padding', input, 'sig=:AAA:', /structured fields/],
    ['bits behind the end of base64', input, 'sig=:AAB=:', /structured fields/],
    ['no base64', input, 'sig=:A-_A:', /structured fields/],
    ['no end of a list', 'sig=("@method"', signature, /structured fields/],
    ['a comma at the end', `${input},`, signature, /structured fields/],
    ['a name in capitals', 'sig=("Content-Type")', signature, /lower case/],
    ['a name with a line in it', 'sig=("a b")', signature, /lower case/],
    ['a number for a name', 'sig=(1)', signature, /lower case/],
    ['a token for a name', 'sig=(a)', signature, /lower case/],
    ['a component of the request for a response', 'sig=("@method";req)', signature, /parameters/],
    ['a component by its key', 'sig=("content-digest";key="sha-256")', signature, /parameters/],
    ['a date out of all bounds', 'sig=("@method");created=@999999999999999', signature, /structured fields/],
    ['a number with zeros before it', 'sig=("@method");created=01', signature, /structured fields/],
    ['a long input', `sig=("@method");nonce="${'a'.repeat(5_000)}"`, signature, /too long/],
    ['ten thousand brackets', `sig=${'('.repeat(4_000)}`, signature, /structured fields/],
  ])('refuses %s', (_what, inputHeader, signatureHeader, words) => {
    expect(readSignature(inputHeader, signatureHeader)).toMatch(words);
  });

  test('takes any space that the syntax allows', () => {
    const spaced = readSignature('  sig=(  "@method"   "@path" ); created=1;  keyid="a b"', 'sig=:AAAA:  ');
    expect(spaced).toMatchObject({ components: ['@method', '@path'] });
  });
});
