import { describe, expect, test } from 'vitest';
import { ALPACA_KEY, createTestServer, OPS_KEY } from './test-server.ts';

const PROXY = '198.51.100.7';

/** One call with a key, from a peer, perhaps through proxies. */
type From = {
  readonly key?: string;
  readonly peer?: string;
  readonly headers?: Readonly<Record<string, string | string[]>>;
};

const call = (server: ReturnType<typeof createTestServer>['server'], url: string, from: From = {}) =>
  server.inject({
    url,
    remoteAddress: from.peer ?? '127.0.0.1',
    headers: { ...(from.key === undefined ? {} : { 'x-api-key': from.key }), ...from.headers },
  });

const inside = (from: From) => ({ key: OPS_KEY, ...from });

describe('who calls through proxies', () => {
  const start = () =>
    createTestServer({
      trustedProxies: ['198.51.100.0/24', '2001:db8:f::/48'],
      internal: { ranges: ['10.1.0.0/16', 'fd00::/8', 'fe80::/10'] },
    });

  test.each<[string, From, number]>([
    ['an inside address behind one proxy', { peer: PROXY, headers: { 'x-forwarded-for': '10.1.2.3' } }, 200],
    ['an outside one', { peer: PROXY, headers: { 'x-forwarded-for': '203.0.113.9' } }, 403],
    [
      'one that was invented in front of it',
      { peer: PROXY, headers: { 'x-forwarded-for': '10.1.2.3, 203.0.113.9' } },
      403,
    ],
    [
      'two trusted proxies',
      { peer: PROXY, headers: { 'x-forwarded-for': '203.0.113.9, 10.1.2.3,2001:db8:f::2' } },
      200,
    ],
    [
      'a proxy that is not trusted between two that are',
      { peer: PROXY, headers: { 'x-forwarded-for': '10.1.2.3, 192.0.2.1, 198.51.100.8' } },
      403,
    ],
    ['the header twice', { peer: PROXY, headers: { 'x-forwarded-for': ['10.1.2.3', '203.0.113.9'] } }, 403],
    ['the header from elsewhere', { peer: '10.1.2.3', headers: { 'x-forwarded-for': '10.1.2.3' } }, 403],
    ['an empty header from elsewhere', { peer: '10.1.2.3', headers: { 'x-forwarded-for': '' } }, 403],
    ['an empty header', { peer: PROXY, headers: { 'x-forwarded-for': '' } }, 403],
    ['no address', { peer: PROXY, headers: { 'x-forwarded-for': 'unknown' } }, 403],
    [
      'an address inside before none',
      { peer: PROXY, headers: { 'x-forwarded-for': '10.1.2.3, unknown' } },
      403,
    ],
    ['an address with its port', { peer: PROXY, headers: { 'x-forwarded-for': '10.1.2.3:1234' } }, 200],
    ['a bracketed address', { peer: PROXY, headers: { 'x-forwarded-for': '[fd00::1]:1234' } }, 200],
    ['a mapped address', { peer: `::ffff:${PROXY}`, headers: { 'x-forwarded-for': '::ffff:10.1.2.3' } }, 200],
    ['a zone', { peer: 'fe80::1%eth0' }, 200],
    ['a proxy that says nothing of the caller', { peer: PROXY }, 403],
    ['only X-Real-IP, of a trusted proxy', { peer: PROXY, headers: { 'x-real-ip': '10.1.2.3' } }, 403],
    ['X-Real-IP from elsewhere', { peer: '10.1.2.3', headers: { 'x-real-ip': '10.1.2.3' } }, 403],
    ['Forwarded from elsewhere', { peer: '10.1.2.3', headers: { forwarded: 'for=10.1.2.3' } }, 403],
    ['Via from elsewhere', { peer: '10.1.2.3', headers: { via: '1.1 a' } }, 403],
    [
      'Forwarded beside the header',
      { peer: PROXY, headers: { 'x-forwarded-for': '10.1.2.3', via: '1.1 a' } },
      200,
    ],
    ['no proxy at all', { peer: '10.1.2.3' }, 200],
    ['a peer without an address', { peer: '' }, 403],
  ])('%s', async (_what, from, status) => {
    const { server } = start();
    const answer = await call(server, '/inside', inside(from));
    expect(answer.statusCode).toBe(status);
    expect(answer.json()).toMatchObject(status === 200 ? { actor: 'ana' } : { code: 'address_forbidden' });
  });

  test('a proxy inside that hides whom it serves is not taken for one who calls', async () => {
    const { server } = createTestServer({ trustedProxies: ['127.0.0.1'] });
    expect((await call(server, '/inside', inside({}))).statusCode).toBe(200);
    for (const headers of [{ 'x-real-ip': '127.0.0.1' }, { via: '1.1 a' }, { forwarded: 'for=127.0.0.1' }]) {
      const answer = await call(server, '/inside', inside({ headers }));
      expect(answer.json()).toMatchObject({ status: 403, code: 'address_forbidden' });
    }
  });

  test('the host that a proxy names decides nothing', async () => {
    const { server } = start();
    const headers = { 'x-forwarded-for': '203.0.113.9', 'x-forwarded-host': '10.1.2.3', host: '10.1.2.3' };
    expect((await call(server, '/inside', inside({ peer: PROXY, headers }))).statusCode).toBe(403);
  });

  test('without trusted proxies the header is no address for Alpaca’s ranges either', async () => {
    const { server } = createTestServer({ alpaca: { ranges: ['203.0.113.0/24'] } });
    const headers = { 'x-forwarded-for': '203.0.113.9' };
    expect((await call(server, '/who', { key: ALPACA_KEY, peer: '192.0.2.1', headers })).statusCode).toBe(
      403,
    );
    expect((await call(server, '/who', { key: ALPACA_KEY, peer: '203.0.113.9' })).statusCode).toBe(200);
  });
});

describe('keys', () => {
  test('each opens its own side, under its own name, and no other', async () => {
    const keys = ['ana', 'ben'].map((name) => ({ name, key: `${name}-0123456789-0123456789-0123456789` }));
    const { server } = createTestServer({ internal: { keys } });
    for (const { name, key } of keys) {
      expect((await call(server, '/inside', { key })).json()).toEqual({ actor: name });
      expect((await call(server, '/who', { key })).statusCode).toBe(401);
    }
    expect((await call(server, '/inside', { key: ALPACA_KEY })).statusCode).toBe(401);
    expect((await call(server, '/inside', { key: OPS_KEY })).statusCode).toBe(401);
  });

  test('during a rotation both open, and afterwards only the new one does', async () => {
    const old = { name: 'alpaca-2', key: `old-${ALPACA_KEY}` };
    const both = createTestServer({ alpaca: { keys: [{ name: 'alpaca', key: ALPACA_KEY }, old] } });
    expect((await call(both.server, '/who', { key: old.key })).json()).toEqual({ actor: 'alpaca-2' });
    expect((await call(both.server, '/who', { key: ALPACA_KEY })).json()).toEqual({ actor: 'alpaca' });
    const after = createTestServer();
    expect((await call(after.server, '/who', { key: old.key })).statusCode).toBe(401);
  });

  test.each<[string, string | string[]]>([
    ['nothing', ''],
    ['a beginning', ALPACA_KEY.slice(0, -1)],
    ['more', `${ALPACA_KEY}0`],
    ['capitals', ALPACA_KEY.toUpperCase()],
    ['the key twice', [ALPACA_KEY, ALPACA_KEY]],
    ['a wrong key and the key', ['wrong', ALPACA_KEY]],
    ['the key and a wrong key', [ALPACA_KEY, 'wrong']],
    ['both in one line', `${ALPACA_KEY}, ${ALPACA_KEY}`],
    ['quotes', `"${ALPACA_KEY}"`],
    ['a scheme', `Bearer ${ALPACA_KEY}`],
    ['letters beyond ASCII', 'schlüssel'],
    ['15,000 characters', 'k'.repeat(15_000)],
  ])('%s is no key', async (_what, key) => {
    const { server, handled } = createTestServer();
    const answer = await server.inject({ url: '/who', headers: { 'x-api-key': key } });
    expect(answer.json()).toMatchObject({ status: 401, code: 'unauthenticated' });
    expect(handled).toEqual([]);
  });

  test('a key in another header, in the query or in the body opens nothing', async () => {
    const { server } = createTestServer();
    const headers = { authorization: `Bearer ${ALPACA_KEY}`, x_api_key: ALPACA_KEY };
    expect((await server.inject({ url: `/who?x-api-key=${ALPACA_KEY}`, headers })).statusCode).toBe(401);
  });
});

describe('failed credentials', () => {
  const wrong = { key: 'wrong', peer: '127.0.0.9' };
  const right = { key: ALPACA_KEY, peer: '127.0.0.9' };

  test('the eleventh within a minute is answered 429 with when to come again, and what is right never is', async () => {
    const { server, ports, log } = createTestServer();
    for (let count = 0; count < 10; count += 1) {
      expect((await call(server, '/who', wrong)).statusCode).toBe(401);
    }
    await ports.advance(15_500);
    const limited = await call(server, '/who', wrong);
    expect(limited.json()).toMatchObject({ status: 429, code: 'rate_limited' });
    expect(limited.headers['retry-after']).toBe('45');
    expect(limited.headers['content-type']).toContain('application/problem+json');
    for (let count = 0; count < 100; count += 1) {
      expect((await call(server, '/who', right)).statusCode).toBe(200);
    }
    expect((await call(server, '/who', wrong)).statusCode).toBe(429);
    await ports.advance(44_500);
    expect((await call(server, '/who', wrong)).statusCode).toBe(401);
    expect(log.entries.filter((it) => it.level === 'warn')).toMatchObject([
      { fields: { address: '127.0.0.9' } },
    ]);
    // What can be repeated at will stays out of the log that operators read.
    expect(log.entries.filter((it) => it.level === 'info')).toHaveLength(11);
  });

  test('those of both roles count together, and those of other addresses do not', async () => {
    const { server } = createTestServer();
    for (let count = 0; count < 5; count += 1) {
      await call(server, '/who', wrong);
      await call(server, '/inside', wrong);
    }
    expect((await call(server, '/inside', wrong)).statusCode).toBe(429);
    expect((await call(server, '/who', wrong)).statusCode).toBe(429);
    expect((await call(server, '/who', { ...wrong, peer: '127.0.0.8' })).statusCode).toBe(401);
    expect((await call(server, '/inside', { ...right, key: OPS_KEY })).statusCode).toBe(200);
  });

  test('behind a proxy it is the caller that counts, and a caller cannot invent others', async () => {
    const { server } = createTestServer({ trustedProxies: ['198.51.100.0/24'] });
    const through = (forwarded: string) => ({
      key: 'wrong',
      peer: PROXY,
      headers: { 'x-forwarded-for': forwarded },
    });
    for (let count = 0; count < 10; count += 1) {
      await call(server, '/who', through(`10.0.0.${count}, 192.0.2.1`));
    }
    expect((await call(server, '/who', through('10.0.0.99, 192.0.2.1'))).statusCode).toBe(429);
    expect((await call(server, '/who', through('192.0.2.2'))).statusCode).toBe(401);
  });

  test('an address that may not call at all is no attempt', async () => {
    const { server } = createTestServer({ alpaca: { ranges: ['10.0.0.0/8'] } });
    for (let count = 0; count < 12; count += 1) {
      expect((await call(server, '/who', wrong)).statusCode).toBe(403);
    }
  });
});
