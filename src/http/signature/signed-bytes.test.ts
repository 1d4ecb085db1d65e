import { describe, expect, test } from 'vitest';
import { answersIn, createTestServer, exchange } from '../test-server.ts';
import { createSigningKey, digestOf, signAnything } from './test-signing.ts';

/** What inject cannot send: requests as bytes, over a connection. */

const BASE = 'https://issuer.example.com';
const BODY = '{"qty":"1"}';
const key = createSigningKey('alpaca-1');

async function listening() {
  const world = createTestServer({ alpaca: { signatures: { publicUrl: BASE, keys: [key] } } });
  const { port } = new URL(await world.server.listen({ host: '127.0.0.1', port: 0 }));
  return { ...world, port: Number(port), seconds: Math.floor(world.ports.clock.nowMs() / 1_000) };
}

/** Lines of a head that is right, by name. */
function head(seconds: number, { body = BODY, target = `${BASE}/echo`, covers = 4 } = {}) {
  const headers = signAnything({
    privateKey: key.privateKey,
    parameters: `;created=${seconds};keyid="alpaca-1"`,
    covered: (
      [
        ['"@method"', 'POST'],
        ['"@target-uri"', target],
        ['"content-type"', 'application/json'],
        ['"content-digest"', digestOf(body)],
      ] as const
    ).slice(0, covers),
  });
  return {
    host: 'Host: a',
    type: 'Content-Type: application/json',
    digest: `Content-Digest: ${digestOf(body)}`,
    input: `Signature-Input: ${headers['signature-input']}`,
    signature: `Signature: ${headers.signature}`,
    length: `Content-Length: ${Buffer.byteLength(body)}`,
  };
}

type Head = ReturnType<typeof head>;

const request = (lines: Partial<Head> & Readonly<Record<string, string>>, target = '/echo', body = BODY) =>
  `POST ${target} HTTP/1.1\r\n${Object.values(lines).join('\r\n')}\r\nConnection: close\r\n\r\n${body}`;

const CHUNKED = 'Transfer-Encoding: chunked';
const inChunks = (body: string): string =>
  `${body
    .split('')
    .map((it) => `1\r\n${it}\r\n`)
    .join('')}0\r\n\r\n`;

describe('a signed request, as bytes', () => {
  test.each<[string, (right: Head) => string]>([
    ['as it should be', (right) => request(right)],
    ['another host', (right) => request({ ...right, host: 'Host: evil.example' })],
    [
      'what a proxy says of the host',
      (right) => request({ ...right, a: 'X-Forwarded-Host: evil.example', b: 'X-Forwarded-Proto: http' }),
    ],
    [
      'names in capitals',
      (right) => request({ ...right, input: right.input.replace('ature-Input', 'ATURE-INPUT') }),
    ],
    ['its target as a whole', (right) => request(right, `${BASE}/echo`)],
    ['its body in chunks', (right) => request({ ...right, length: CHUNKED }, '/echo', inChunks(BODY))],
    ['a header that nobody signed', (right) => request({ ...right, a: 'X-Api-Key: whatever' })],
    ['space around values', (right) => request({ ...right, type: 'Content-Type:   application/json  ' })],
  ])('is taken with %s', async (_what, bytes) => {
    const { port, seconds } = await listening();
    expect(answersIn(await exchange(port, bytes(head(seconds))))).toEqual(['200']);
  });

  test.each<[string, (right: Head) => string]>([
    ['its type twice', (right) => request({ ...right, again: right.type })],
    ['another type behind it', (right) => request({ ...right, again: 'Content-Type: text/plain' })],
    ['its digest twice', (right) => request({ ...right, again: right.digest })],
    [
      'another digest behind it',
      (right) => request({ ...right, again: `Content-Digest: ${digestOf('{}')}` }),
    ],
    ['its signature twice', (right) => request({ ...right, again: right.signature })],
    ['its input twice', (right) => request({ ...right, again: right.input })],
    ['an empty input before it', (right) => request({ again: 'Signature-Input:', ...right })],
    [
      'another body in chunks',
      (right) => request({ ...right, length: CHUNKED }, '/echo', inChunks('{"qty":"9"}')),
    ],
    ['no body in chunks', (right) => request({ ...right, length: CHUNKED }, '/echo', inChunks(''))],
    ['no body', (right) => request({ ...right, length: 'Content-Length: 0' }, '/echo', '')],
    ['another target', (right) => request(right, '/echo?')],
    ['the target of another host', (right) => request(right, 'https://evil.example/echo')],
    ['a host that begins alike', (right) => request(right, `${BASE}.evil.example/echo`)],
    ['another scheme', (right) => request(right, 'http://issuer.example.com/echo')],
    ['a fragment', (right) => request(right, '/echo#')],
  ])('is refused with %s', async (_what, bytes) => {
    const { port, seconds, handled } = await listening();
    expect(answersIn(await exchange(port, bytes(head(seconds))))).toEqual(['401 unauthenticated']);
    expect(handled).toEqual([]);
  });

  test.each(['\\echo', '\\\\echo', 'echo', '%2Fecho'])(
    'is no request for %s, which a client that reads addresses could send as the same',
    async (target) => {
      const { port, seconds, handled } = await listening();
      const [answer = ''] = answersIn(await exchange(port, request(head(seconds), target)));
      expect(answer).toMatch(/^40[014] /);
      expect(handled).toEqual([]);
    },
  );

  test('is refused where it was signed for somebody else, even if it says so', async () => {
    const { port, seconds } = await listening();
    for (const target of ['https://evil.example/echo', `${BASE}.evil.example/echo`]) {
      const received = await exchange(port, request(head(seconds, { target }), target));
      expect(received).toContain('the request is not for https://issuer.example.com');
      expect(answersIn(received)).toEqual(['401 unauthenticated']);
    }
  });

  test('is refused where only its head was signed, however its body is announced', async () => {
    const { port, seconds } = await listening();
    const bare = head(seconds, { covers: 2 });
    for (const bytes of [
      request(bare),
      request({ ...bare, length: CHUNKED }, '/echo', inChunks(BODY)),
      request({ ...bare, length: CHUNKED }, '/echo', inChunks('')),
    ]) {
      expect(await exchange(port, bytes)).toContain('must cover content-type, content-digest too');
    }
  });

  test('lends its signature to nothing that comes behind it', async () => {
    const { port, seconds, handled } = await listening();
    const first = request(head(seconds)).replace('Connection: close\r\n', '');
    const second = `POST /echo HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}`;
    const last = 'GET /health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';
    const received = await exchange(port, `${first}${second}${last}`);
    expect(answersIn(received)).toEqual(['200', '401 unauthenticated', '200']);
    expect(handled).toHaveLength(1);
  });
});
