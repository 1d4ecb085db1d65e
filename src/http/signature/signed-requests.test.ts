import { assert, asyncProperty, constantFrom, integer, pre, record } from 'fast-check';
import { createSigner, httpbis } from 'http-message-signatures';
import { describe, expect, test } from 'vitest';
import { signRequest } from '../../sandbox/alpaca/sign-request.ts';
import { ALPACA_KEY, createTestServer } from '../test-server.ts';
import { createSigningKey, digestOf, signAnything } from './test-signing.ts';

const PUBLIC_URL = 'https://Issuer.Example.com:443/itn/';
/** As clients spell it. */
const BASE = 'https://issuer.example.com/itn';
const BODY = '{"qty":"1.5","name":"Zoë"}';
const key = createSigningKey('alpaca-1');
const next = createSigningKey('alpaca-2');
const stranger = createSigningKey('alpaca-1');

function start(keys = [key, next]) {
  const world = createTestServer({ alpaca: { signatures: { publicUrl: PUBLIC_URL, keys } } });
  return { ...world, seconds: Math.floor(world.ports.clock.nowMs() / 1_000) };
}

type World = ReturnType<typeof start>;
type Headers = Readonly<Record<string, string | string[]>>;

const post = (world: World, headers: Headers, body = BODY, url = '/echo') =>
  world.server.inject({
    method: 'POST',
    url,
    payload: body,
    headers: { 'content-type': 'application/json', 'content-digest': digestOf(body), ...headers },
  });

/** What Alpaca covers with a body, with the values that it would sign. */
const covered = (body = BODY, target = `${BASE}/echo`): (readonly [string, string])[] => [
  ['"@method"', 'POST'],
  ['"@target-uri"', target],
  ['"content-type"', 'application/json'],
  ['"content-digest"', digestOf(body)],
];

const parametersAt = (seconds: number, keyId = 'alpaca-1'): string =>
  `;created=${seconds};keyid="${keyId}";alg="ed25519";nonce="00112233445566778899aabbccddeeff"`;

/** A signature that is right but for what a test changes. */
const signed = (world: World, changes: Partial<Parameters<typeof signAnything>[0]> = {}) =>
  signAnything({
    privateKey: key.privateKey,
    parameters: parametersAt(world.seconds),
    covered: covered(),
    ...changes,
  });

describe('a signed request', () => {
  test('is taken as Alpaca signs it, with a body and without, and the log knows the key', async () => {
    const world = start();
    const call = { createdMs: world.ports.clock.nowMs(), nonce: new Uint8Array(16) };
    const withBody = signRequest(key, { ...call, method: 'POST', targetUri: `${BASE}/echo`, body: BODY });
    const answer = await post(world, withBody);
    expect(answer.json()).toEqual({ actor: 'alpaca/alpaca-1', body: JSON.parse(BODY) as unknown });
    const without = signRequest(next, { ...call, method: 'GET', targetUri: `${BASE}/who`, body: null });
    const told = await world.server.inject({ url: '/who', headers: without });
    expect(told.json()).toEqual({ actor: 'alpaca/alpaca-2' });
  });

  test('is taken as another implementation signs it, with more covered than is asked for', async () => {
    const world = start();
    const message = {
      method: 'POST',
      url: `${BASE}/echo?a=b%20c`,
      headers: {
        'content-type': 'application/json; charset=utf-8',
        'content-digest': digestOf(BODY),
        'x-more': ' some  words ',
      },
    };
    const { headers } = await httpbis.signMessage(
      {
        key: createSigner(key.privateKey, 'ed25519', 'alpaca-1'),
        fields: [
          'x-more',
          '@query',
          '@path',
          '@authority',
          '@scheme',
          'content-digest',
          'content-type',
          '@target-uri',
          '@method',
        ],
        params: ['keyid', 'alg', 'created', 'tag'],
        paramValues: { created: new Date(world.seconds * 1_000), tag: 'itn' },
      },
      message,
    );
    const answer = await post(world, headers, BODY, '/echo?a=b%20c');
    expect(answer.statusCode).toBe(200);
  });

  test('may be repeated, nonce and all, as Alpaca does with a confirm', async () => {
    const world = start();
    const headers = signed(world);
    const statuses = [await post(world, headers), await post(world, headers)].map((it) => it.statusCode);
    expect(statuses).toEqual([200, 200]);
  });

  test.each([
    ['24 hours old', -86_400, 200],
    ['a second older', -86_401, 401],
    ['5 minutes ahead', 300, 200],
    ['a second more', 301, 401],
  ])('that is %s is judged by our clock', async (_what, offset, status) => {
    const world = start();
    const parameters = parametersAt(world.seconds + offset);
    expect((await post(world, signed(world, { parameters }))).statusCode).toBe(status);
  });

  test('is taken until it expires, where it says when', async () => {
    const world = start();
    const at = (expires: number) =>
      post(world, signed(world, { parameters: `${parametersAt(world.seconds)};expires=${expires}` }));
    expect((await at(world.seconds - 300)).statusCode).toBe(200);
    const late = await at(world.seconds - 301);
    expect(late.json()).toMatchObject({ status: 401, detail: expect.stringContaining('expired') as string });
  });

  test('may name our URL whole in its first line, and no other', async () => {
    const world = start();
    const at = (url: string) => post(world, signed(world, { covered: covered(BODY, url) }), BODY, url);
    const whole = createTestServer({
      alpaca: { signatures: { publicUrl: 'http://localhost:80', keys: [key] } },
    });
    const target = 'http://localhost/echo';
    const headers = signAnything({
      privateKey: key.privateKey,
      parameters: parametersAt(world.seconds),
      covered: covered(BODY, target),
    });
    expect((await post({ ...world, server: whole.server }, headers)).statusCode).toBe(200);
    expect((await at('https://elsewhere.example/echo')).statusCode).toBe(401);
  });
});

describe('what signatures do not let in', () => {
  const refusals: readonly (readonly [string, (world: World) => Headers, RegExp])[] = [
    ['the key in X-API-KEY', () => ({ 'x-api-key': ALPACA_KEY }), /Signature-Input is missing/],
    ['another signer', (world) => signed(world, { privateKey: stranger.privateKey }), /signature is wrong/],
    [
      'a key under another id',
      (world) => signed(world, { privateKey: next.privateKey }),
      /signature is wrong/,
    ],
    ['an unknown keyid', (world) => signed(world, { parameters: parametersAt(world.seconds, 'x') }), /keyid/],
    ['no keyid', (world) => signed(world, { parameters: `;created=${world.seconds}` }), /keyid/],
    [
      'a keyid that is a token',
      (world) => signed(world, { parameters: `;created=${world.seconds};keyid=alpaca-1` }),
      /keyid/,
    ],
    ['no moment', (world) => signed(world, { parameters: ';keyid="alpaca-1"' }), /created/],
    [
      'a moment in fractions',
      (world) => signed(world, { parameters: `;created=${world.seconds}.5;keyid="alpaca-1"` }),
      /created/,
    ],
    [
      'a moment as text',
      (world) => signed(world, { parameters: `;created="${world.seconds}";keyid="alpaca-1"` }),
      /created/,
    ],
    ...['hmac-sha256', 'rsa-pss-sha512', 'none', 'ED25519'].map(
      (algorithm) =>
        [
          `the algorithm ${algorithm}`,
          (world: World) =>
            signed(world, {
              parameters: `;created=${world.seconds};keyid="alpaca-1";alg="${algorithm}"`,
            }),
          /contradicts its key/,
        ] as const,
    ),
    ...[0, 1, 2, 3].map(
      (at) =>
        [
          `a signature without ${covered()[at]?.[0] ?? ''}`,
          (world: World) => signed(world, { covered: covered().filter((_, index) => index !== at) }),
          /must cover/,
        ] as const,
    ),
    [
      'a component that no request has',
      (world) => signed(world, { covered: [...covered(), ['"@status"', '200']] }),
      /does not have/,
    ],
    [
      'a header that is not there',
      (world) => signed(world, { covered: [...covered(), ['"x-absent"', '']] }),
      /does not have/,
    ],
    [
      'the internal URL',
      (world) => signed(world, { covered: covered(BODY, 'http://localhost/echo') }),
      /must begin with https:\/\/issuer\.example\.com\/itn/,
    ],
    ['another path', (world) => signed(world, { covered: covered(BODY, `${BASE}/other`) }), /is wrong/],
    ['a query', (world) => signed(world, { covered: covered(BODY, `${BASE}/echo?`) }), /is wrong/],
    ['a slash at the end', (world) => signed(world, { covered: covered(BODY, `${BASE}/echo/`) }), /is wrong/],
    ['another spelling', (world) => signed(world, { covered: covered(BODY, `${BASE}/%65cho`) }), /is wrong/],
    [
      'another method',
      (world) => signed(world, { covered: [['"@method"', 'GET'], ...covered().slice(1)] }),
      /is wrong/,
    ],
    [
      'a digest of another body',
      (world) => ({
        ...signed(world, { covered: covered('{}') }),
        'content-digest': digestOf('{}'),
      }),
      /body is not the one/,
    ],
    [
      'a digest that was changed',
      (world) => ({ ...signed(world), 'content-digest': digestOf('{}') }),
      /wrong/,
    ],
    ['a shortened signature', (world) => ({ ...signed(world), signature: 'sig=:AAAA:' }), /is wrong/],
    [
      'two signatures',
      (world) => ({ ...signed(world), signature: `${signed(world).signature}, b=:AA==:` }),
      /one/,
    ],
    ['the header twice', (world) => ({ ...signed(world), 'x-a': 'b', signature: twice(world) }), /twice/],
  ];

  test.each(refusals)('%s', async (_what, headers, words) => {
    const world = start();
    const answer = await post(world, headers(world));
    expect(answer.json()).toMatchObject({
      status: 401,
      code: 'unauthenticated',
      detail: expect.stringMatching(words) as string,
    });
    expect(world.handled).toEqual([]);
  });

  test.each([
    ['sha-512 only', 'sha-512=:AAAA:'],
    ['a digest of another length', 'sha-256=:AAAA:'],
    ['a digest as text', 'sha-256="AAAA"'],
    ['nonsense', '=:'],
    ['nothing', ''],
  ])('Content-Digest with %s', async (_what, digest) => {
    const world = start();
    const parts = [...covered().slice(0, 3), ['"content-digest"', digest] as const];
    const answer = await post(world, { ...signed(world, { covered: parts }), 'content-digest': digest });
    expect(answer.json()).toMatchObject({
      status: 401,
      detail: expect.stringContaining('Content-Digest') as string,
    });
  });

  test('a body under a signature for none, whatever the method', async () => {
    const world = start();
    const bare = (method: string, path: string) =>
      signed(world, {
        covered: [
          ['"@method"', method],
          ['"@target-uri"', `${BASE}${path}`],
        ],
      });
    expect((await world.server.inject({ url: '/who', headers: bare('GET', '/who') })).statusCode).toBe(200);
    for (const [method, url] of [
      ['GET', '/who'],
      ['POST', '/echo'],
    ] as const) {
      const headers = { ...bare(method, url), 'content-type': 'application/json' };
      const answer = await world.server.inject({ method, url, headers, payload: '{}' });
      expect(answer.json()).toMatchObject({
        status: 401,
        detail: expect.stringContaining('must cover') as string,
      });
    }
    // A body that no handler would see is compared too, with what the handler sees.
    const get = signed(world, {
      covered: [['"@method"', 'GET'], ['"@target-uri"', `${BASE}/who`], ...covered().slice(2)],
    });
    const answer = await world.server.inject({
      method: 'GET',
      url: '/who',
      headers: { ...get, 'content-type': 'application/json', 'content-digest': digestOf(BODY) },
      payload: BODY,
    });
    expect(answer.statusCode).toBe(401);
  });

  test('a key whose time is over, at once', async () => {
    const world = start([next]);
    expect((await post(world, signed(world))).statusCode).toBe(401);
    const parameters = parametersAt(world.seconds, 'alpaca-2');
    const answer = await post(world, signed(world, { privateKey: next.privateKey, parameters }));
    expect(answer.statusCode).toBe(200);
  });

  test('a signature counts as a failed credential, and the body’s digest does too', async () => {
    const world = start();
    const wrong = () => post(world, { ...signed(world), 'content-digest': digestOf('{}') });
    const other = { ...signed(world, { covered: covered('{}') }), 'content-digest': digestOf('{}') };
    for (let count = 0; count < 5; count += 1) {
      expect((await wrong()).statusCode).toBe(401);
      expect((await post(world, other)).statusCode).toBe(401);
    }
    expect((await wrong()).statusCode).toBe(429);
    expect((await post(world, other)).statusCode).toBe(429);
    expect((await post(world, signed(world))).statusCode).toBe(200);
  });

  test('one character of anything that was signed', async () => {
    const world = start();
    const headers = { ...signed(world), 'content-digest': digestOf(BODY) };
    const parts = ['url', 'body', 'signature', 'signature-input', 'content-digest'] as const;
    const change = record({
      part: constantFrom(...parts),
      at: integer({ min: 0, max: 300 }),
      by: integer({ min: 1, max: 90 }),
    });
    await assert(
      asyncProperty(change, async ({ part, at, by }) => {
        const whole = { ...headers, url: '/echo?a=b', body: BODY };
        const right = signed(world, { covered: covered(BODY, `${BASE}/echo?a=b`) });
        const sent = { ...whole, ...right };
        sent[part] = altered(sent[part], at, by);
        const { url, body, ...rest } = sent;
        // What injects the request reads a blank before an address, and `\\` for `/`, as the same one, which was signed
        // then. Over a socket neither is a request: see `signed-bytes.test.ts`.
        pre(part !== 'url' || new URL(url, 'http://a').href !== 'http://a/echo?a=b');
        const answer = await post(world, rest, body, url);
        expect([400, 401, 404, 429]).toContain(answer.statusCode);
      }),
      { numRuns: 300 },
    );
    expect(world.handled).toEqual([]);
  });
});

function twice(world: World): string[] {
  const { signature } = signed(world);
  return [signature, signature];
}

/** The text with another printable character in one place. */
function altered(text: string, at: number, by: number): string {
  const place = at % text.length;
  const code = ((text.charCodeAt(place) - 32 + by) % 95) + 32;
  return `${text.slice(0, place)}${String.fromCharCode(code)}${text.slice(place + 1)}`;
}
