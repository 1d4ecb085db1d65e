import { once } from 'node:events';
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ALPACA_KEY, answersIn, createTestServer, exchange } from './test-server.ts';

const KEY = `x-api-key: ${ALPACA_KEY}\r\n`;
const POST = `POST /echo HTTP/1.1\r\nhost: a\r\n${KEY}content-type: application/json\r\n`;
/** A second request, which a smuggler hides behind the first. */
const NEXT = `GET /who HTTP/1.1\r\nhost: a\r\n${KEY}\r\n`;
/** The end of an exchange: the server closes after its answer. */
const LAST = `GET /health HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n`;

async function listening(options: Parameters<typeof createTestServer>[0] = {}) {
  const world = createTestServer(options);
  const { port } = new URL(await world.server.listen({ host: '127.0.0.1', port: 0 }));
  return { ...world, port: Number(port) };
}

const chunked = (coding: string): string =>
  `${POST}transfer-encoding: ${coding}\r\n\r\n2\r\n{}\r\n0\r\n\r\n${NEXT}`;
const sized = (lines: string): string => `${POST}${lines}\r\n\r\n{}${NEXT}`;
const chunk = (text: string): string => `${POST}transfer-encoding: chunked\r\n\r\n${text}${NEXT}`;

describe('what is no request', () => {
  test.each([
    ['a length and chunks', `${POST}content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n${NEXT}`],
    ['chunks and a length', `${POST}transfer-encoding: chunked\r\ncontent-length: 4\r\n\r\n0\r\n\r\n${NEXT}`],
    ['chunks twice', chunked('chunked\r\ntransfer-encoding: chunked')],
    ['chunks twice in a line', chunked('chunked, chunked')],
    ['chunks that are not last', chunked('chunked, identity')],
    ['no coding', chunked('identity')],
    ['an unknown coding', chunked('xchunked')],
    ['a coding before the chunks', chunked('gzip, chunked')],
    ['a control character before the coding', chunked('\u000bchunked')],
    ['chunks of HTTP/1.0', chunked('chunked').replace('HTTP/1.1', 'HTTP/1.0')],
    ['a space before the colon', `${POST}transfer-encoding : chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n${NEXT}`],
    ['two lengths', sized('content-length: 2\r\ncontent-length: 4')],
    ['one length twice', sized('content-length: 2\r\ncontent-length: 2')],
    ['a list of lengths', sized('content-length: 2, 2')],
    ['a length with a sign', sized('content-length: +2')],
    ['a negative length', sized('content-length: -2')],
    ['a length in hex', sized('content-length: 0x2')],
    ['a length with a space in it', sized('content-length: 2 2')],
    ['a length beyond 64 bits', sized('content-length: 18446744073709551618')],
    ['an empty length', sized('content-length: ')],
    ['a folded line', sized('x-a: b\r\n c: d\r\ncontent-length: 2')],
    ['lines that end in LF', sized('content-length: 2').replaceAll('\r\n', '\n')],
    ['one line that ends in LF', sized('x-a: b\ncontent-length: 2')],
    ['one line that ends in CR', sized('x-a: b\rx-b: c\r\ncontent-length: 2')],
    ['a zero byte', sized('x-a: b\u0000c\r\ncontent-length: 2')],
    ['a line without a colon', sized('x-a\r\ncontent-length: 2')],
    ['a name with a space in it', sized('x a: b\r\ncontent-length: 2')],
    ['no host', `POST /echo HTTP/1.1\r\n${KEY}content-length: 0\r\n\r\n${NEXT}`],
    ['two hosts', sized('Host: b\r\ncontent-length: 2')],
    ['something behind the size of a chunk', chunk('2 x\r\n{}\r\n0\r\n\r\n')],
    ['a negative chunk', chunk('-2\r\n{}\r\n0\r\n\r\n')],
    ['a chunk of more than 64 bits', chunk('fffffffffffffffff\r\n{}\r\n0\r\n\r\n')],
    ['a chunk that is longer than it says', chunk('2\r\n{}0\r\n\r\n')],
    ['chunks whose lines end in LF', chunk('2\n{}\n0\n\n')],
    ['a length behind the chunks', chunk('2\r\n{}\r\n0\r\ncontent-length: 9\r\n\r\n')],
    ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['HTTP/0.9', 'GET /who\r\n\r\n'],
    ['a version to come', 'GET /who HTTP/9.9\r\nhost: a\r\n\r\n'],
    ['a method in small letters', 'get /who HTTP/1.1\r\nhost: a\r\n\r\n'],
    ['an unknown method', 'FETCH /who HTTP/1.1\r\nhost: a\r\n\r\n'],
    ['a path with a space in it', 'GET /who x HTTP/1.1\r\nhost: a\r\n\r\n'],
    ['a path with bytes beyond ASCII', 'GET /who\u00ff HTTP/1.1\r\nhost: a\r\n\r\n'],
    ['TLS', '\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003'],
  ])('%s: 400, and nothing behind it is looked at', async (_what, bytes) => {
    const { port, handled, log } = await listening();
    const received = await exchange(port, bytes);
    expect(answersIn(received)).toEqual(['400 malformed']);
    expect(received.toLowerCase()).toMatch(/content-type: application\/problem\+json[^]*\r\n\r\n\{/);
    expect(received).toMatch(/x-request-id: [0-9a-f-]{36}\r\n/);
    expect(handled).toEqual([]);
    expect(log.entries.filter((it) => it.level === 'error' || it.level === 'warn')).toEqual([]);
  });

  test.each([
    ['a header of 20,000 bytes', `GET /who HTTP/1.1\r\nhost: a\r\nx: ${'z'.repeat(20_000)}\r\n\r\n`],
    [
      '6,000 headers',
      `GET /who HTTP/1.1\r\nhost: a\r\n${'x:\r\n'.repeat(6_000)}${KEY}connection: close\r\n\r\n`,
    ],
    ['201 headers', `GET /who HTTP/1.1\r\nhost: a\r\nconnection: close\r\n${'x:\r\n'.repeat(199)}\r\n`],
    ['a path of 20,000 bytes', `GET /who?${'a'.repeat(20_000)} HTTP/1.1\r\nhost: a\r\n\r\n`],
    ['20,000 bytes behind the chunks', chunk(`2\r\n{}\r\n0\r\nx: ${'z'.repeat(20_000)}\r\n\r\n`)],
  ])('%s: 431', async (_what, bytes) => {
    const { port, handled } = await listening();
    expect(answersIn(await exchange(port, bytes))).toEqual(['431 headers_too_large']);
    expect(handled).toEqual([]);
  });

  test('20,000 bytes beside a chunk: 413', async () => {
    const { port, handled } = await listening();
    const received = await exchange(port, chunk(`2;${'a'.repeat(20_000)}\r\n{}\r\n0\r\n\r\n`));
    expect(answersIn(received)).toEqual(['413 payload_too_large']);
    expect(handled).toEqual([]);
  });

  test('what comes behind a good request costs it neither its handler nor its answer', async () => {
    const reached = Promise.withResolvers<void>();
    const answer = Promise.withResolvers<void>();
    const { port } = await listening({
      routes: async (app) => {
        app.get('/slow', async () => {
          reached.resolve();
          await answer.promise;
          return { done: true };
        });
      },
    });
    const slow = `GET /slow HTTP/1.1\r\nhost: a\r\n${KEY}\r\n`;
    const received = [
      exchange(port, slow, 'nonsense\r\n\r\n'),
      exchange(port, `${slow}${POST}content-length: x\r\n\r\n`),
    ];
    await reached.promise;
    // Another call shows that the nonsense was read by now.
    expect(answersIn(await exchange(port, LAST))).toEqual(['200']);
    answer.resolve();
    expect((await Promise.all(received)).map(answersIn)).toEqual([['200'], ['200']]);
  });
});

describe('what is a request, and comes in an odd form', () => {
  test.each([
    ['no such route', 'GET /nowhere', '404 not_found'],
    ['a method that the route does not have', 'DELETE /who', '404 not_found'],
    ['a method that no route has', 'TRACE /who', '404 not_found'],
    ['a question about methods', 'OPTIONS /who', '404 not_found'],
    ['a question about all methods', 'OPTIONS *', '404 not_found'],
    ['a slash at the end', 'GET /who/', '404 not_found'],
    ['two slashes', 'GET //who', '404 not_found'],
    ['other letters', 'GET /WHO', '404 not_found'],
    ['a way around', 'GET /inside/../who', '404 not_found'],
    ['an encoded slash', 'GET /tokenization%2Fwho', '404 not_found'],
    ['an encoding that is none', 'GET /%zz', '400 malformed'],
    ['an encoding that is no text', 'GET /%ff', '400 malformed'],
    ['a name for a path', 'GET who', '400 malformed'],
    ['an encoded letter', 'GET /%77ho', '200'],
    ['a query that is no text', 'GET /who?%zz=%ff&__proto__=1&a[b]=c', '200'],
    ['a whole URL of elsewhere, which is ours by its path', 'GET http://elsewhere.example/who', '200'],
    ['the head alone', 'HEAD /who', '200'],
  ])('%s: %s: %s', async (_what, line, expected) => {
    const { port } = await listening();
    const received = await exchange(port, `${line} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n${KEY}\r\n`);
    expect(answersIn(received)).toEqual([expected]);
  });

  test.each(['expect: magic', 'upgrade: websocket\r\nconnection: upgrade', 'upgrade: h2c'])(
    '%j is not for us, and answered as if it were not there',
    async (line) => {
      const { port } = await listening({ limits: { keepAliveMs: 100 } });
      const received = await exchange(port, `GET /who HTTP/1.1\r\nhost: a\r\n${KEY}${line}\r\n\r\n`);
      expect(answersIn(received)).toEqual(['200']);
    },
  );

  test('a tunnel is not opened', async () => {
    const { port, handled } = await listening();
    expect(await exchange(port, `CONNECT a:1 HTTP/1.1\r\nhost: a\r\n${KEY}\r\n${NEXT}`)).toBe('');
    expect(handled).toEqual([]);
  });

  test('a thousand requests at once on one connection are answered in their order', async () => {
    const { port, handled } = await listening();
    const all = Array.from({ length: 1_000 }, (_, at) => NEXT.replace('/who', `/who?${at}`)).join('');
    const received = await exchange(port, all, LAST);
    expect(answersIn(received)).toEqual(Array.from({ length: 1_001 }, () => '200'));
    expect(handled.map((it) => it.url)).toEqual(Array.from({ length: 1_000 }, (_, at) => `/who?${at}`));
  });
});

describe('bodies', () => {
  const send = (port: number, body: string | Buffer, type = 'application/json') => {
    const head = `POST /echo HTTP/1.1\r\nhost: a\r\n${KEY}content-type: ${type}\r\nconnection: close\r\n`;
    const bytes = typeof body === 'string' ? Buffer.from(body) : body;
    return exchange(port, `${head}content-length: ${bytes.length}\r\n\r\n`, bytes);
  };

  test.each<[string, string | Buffer]>([
    ['no JSON', '{"a":'],
    ['two values', '{}{}'],
    ['a comma at the end', '{"a":1,}'],
    ['nested half a million times', '['.repeat(500_000)],
    ['nested a hundred thousand times, and closed', `${'['.repeat(100_000)}${']'.repeat(100_000)}`],
    ['objects nested as deeply', `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`],
    ['a member __proto__', '{"__proto__":{"admin":true}}'],
    ['a member __proto__ deep inside', '{"a":[{"b":{"__proto__":1}}]}'],
    ['a member __proto__ in another spelling', '{"\\u005f_proto__":1}'],
    ['bytes that are no UTF-8', Buffer.from([0x22, 0xff, 0xfe, 0x22])],
    ['half a character', Buffer.from([0x22, 0xc3, 0x22])],
    ['UTF-16', Buffer.from('{"a":1}', 'utf16le')],
    ['a mark of byte order', Buffer.from('\uFEFF{}')],
    ['a zero byte', '{"a":"\u0000"}'],
  ])('%s: 400', async (_what, body) => {
    const { port, handled } = await listening();
    expect(answersIn(await send(port, body))).toEqual(['400 malformed']);
    expect(handled).toEqual([]);
  });

  test.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'application/jsonp',
    'text/json',
    ';',
    '*/*',
    '',
  ])('the type %j: 415', async (type) => {
    const { port, handled } = await listening();
    expect(answersIn(await send(port, '{}', type))).toEqual(['415 unsupported_media_type']);
    expect(handled).toEqual([]);
  });

  test.each(['application/json; charset=utf-8', 'Application/JSON', 'application/json;charset="UTF-8"'])(
    'the type %s is JSON',
    async (type) => {
      const { port, handled } = await listening();
      expect(answersIn(await send(port, '{"constructor":{"prototype":1}}', type))).toEqual(['200']);
      expect(handled).toHaveLength(1);
    },
  );

  test('of one mebibyte exactly is taken, and a byte more is not, announced or in chunks', async () => {
    const { port, handled } = await listening();
    const body = `"${'a'.repeat(1024 * 1024 - 2)}"`;
    expect(answersIn(await send(port, body))).toEqual(['200']);
    expect(answersIn(await send(port, `${body} `))).toEqual(['413 payload_too_large']);
    const chunks = `${POST}transfer-encoding: chunked\r\n\r\n100001\r\n${body} \r\n`;
    expect(answersIn(await exchange(port, chunks))).toEqual(['413 payload_too_large']);
    expect(handled).toHaveLength(1);
  });

  test.each([
    ['with the right key', KEY],
    ['with a wrong one', 'x-api-key: wrong\r\n'],
  ])('without an end, %s, are cut off after little more than was allowed', async (_what, key) => {
    const { port } = await listening({ limits: { bodyBytes: 10_000 } });
    const socket = connect(port, '127.0.0.1');
    const head =
      'POST /echo HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n';
    socket.write(`${head}${key}\r\n`);
    const piece = Buffer.from(`ffff\r\n${'a'.repeat(0xffff)}\r\n`);
    const push = (): void => void (socket.writable && socket.write(piece, push));
    push();
    // Whether the answer arrives before the end is a matter of the network; that it ends is not.
    socket.on('error', () => socket.destroy());
    socket.resume();
    await closed(socket);
    expect(socket.bytesWritten).toBeLessThan(20_000_000);
  });
});

test.each([
  ['an unknown route', 'POST /nowhere', '', '404 not_found'],
  ['a wrong key', 'POST /echo', 'x-api-key: wrong\r\n', '401 unauthenticated'],
  ['a wrong key of an operator', 'POST /inside', 'x-api-key: wrong\r\n', '404 not_found'],
])('%s is answered without a look at the body', async (_what, line, key, expected) => {
  const { port } = await listening();
  const head = `${line} HTTP/1.1\r\nhost: a\r\n${key}content-type: application/json\r\n`;
  const socket = connect(port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  // The body never comes.
  socket.write(`${head}content-length: 1000\r\n\r\n{"a":`);
  const [received] = (await once(socket, 'data')) as [Buffer];
  expect(answersIn(received.toString())).toEqual([expected]);
});

describe('slow senders', () => {
  // Each is far from the other, so that the right one is seen to act.
  const limits = { headersTimeoutMs: 60, requestTimeoutMs: 300_000, checkEveryMs: 20 };
  const bodyLimits = { headersTimeoutMs: 100, requestTimeoutMs: 100, checkEveryMs: 20 };

  test.each([
    ['nothing', ''],
    ['half a line', 'GET /who HT'],
    ['half a head', `GET /who HTTP/1.1\r\nhost: a\r\n${KEY}`],
  ])('%s: cut off with 408', async (_what, bytes) => {
    const { port, handled } = await listening({ limits });
    expect(answersIn(await exchange(port, bytes))).toEqual(['408 request_timeout']);
    expect(handled).toEqual([]);
  });

  test('half a body: cut off with 408, and no failure of ours', async () => {
    const { port, handled, log } = await listening({ limits: bodyLimits });
    expect(answersIn(await exchange(port, `${POST}content-length: 9\r\n\r\n{}`))).toEqual([
      '408 request_timeout',
    ]);
    expect(handled).toEqual([]);
    expect(log.entries.filter((it) => it.level === 'error')).toEqual([]);
  });

  test('a byte now and then does not help', async () => {
    const { port } = await listening({ limits });
    const socket = connect(port, '127.0.0.1');
    let received = '';
    socket.on('data', (data: Buffer) => (received += data.toString()));
    socket.on('error', () => socket.destroy());
    socket.write(`GET /who HTTP/1.1\r\nhost: a\r\nx-slow: `);
    const drip = setInterval(() => void (socket.writable && socket.write('z')), 10);
    onTestFinished(() => {
      clearInterval(drip);
    });
    await closed(socket);
    expect(answersIn(received)).toEqual(['408 request_timeout']);
  });

  test('an answered connection may rest, until its time is over', async () => {
    const { port } = await listening({ limits: { keepAliveMs: 100 } });
    expect(answersIn(await exchange(port, NEXT))).toEqual(['200']);
  });

  test('a caller that reads nothing is cut off', async () => {
    const { port, server } = await listening({
      limits: { stalledMs: 100 },
      routes: async (app) => {
        app.get('/long', async () => ({ text: 'a'.repeat(20_000_000) }));
      },
    });
    const cut = new Promise((resolve) => {
      server.server.once('connection', (socket: Socket) => socket.once('close', resolve));
    });
    const caller = connect(port, '127.0.0.1');
    caller.pause();
    caller.on('error', () => caller.destroy());
    caller.write(`GET /long HTTP/1.1\r\nhost: a\r\n${KEY}\r\n`);
    await cut;
    const gone = closed(caller);
    caller.resume();
    await gone;
    expect(caller.bytesRead).toBeLessThan(20_000_000);
  });
});

test('connections beyond the limit are dropped, told of once, and room that is made is room', async () => {
  const { port, log, server } = await listening({ limits: { connections: 3 } });
  const held = [1, 2, 3].map(() => connect(port, '127.0.0.1'));
  const count = () => new Promise((resolve) => server.server.getConnections((_error, it) => resolve(it)));
  await expect.poll(count).toBe(3);
  expect(answersIn(await exchange(port, LAST))).toEqual([]);
  expect(answersIn(await exchange(port, LAST))).toEqual([]);
  expect(log.entries.filter((it) => it.level === 'warn')).toHaveLength(1);
  const gone = held.map(closed);
  for (const it of held) it.destroy();
  await Promise.all(gone);
  await expect.poll(count).toBe(0);
  expect(answersIn(await exchange(port, LAST))).toEqual(['200']);
});

test('where all connections rest, they make room for a caller that comes again', async () => {
  const { port } = await listening({ limits: { connections: 3 } });
  const held = [1, 2, 3].map(() => connect(port, '127.0.0.1'));
  onTestFinished(() => {
    for (const it of held) it.destroy();
  });
  for (const it of held) {
    it.write(NEXT);
    await once(it, 'data');
  }
  expect(answersIn(await exchange(port, LAST))).toEqual([]);
  await expect.poll(async () => answersIn(await exchange(port, LAST))).toEqual(['200']);
});

/** Resolves when the connection has ended, however it did. */
function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.once('close', () => {
      resolve();
    });
  });
}
