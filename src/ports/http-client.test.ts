import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { HttpFailure } from '../primitives/failures.ts';
import { createHttpClient } from './http-client.ts';
import type { HttpRequest } from './ports.ts';

const http = createHttpClient();
const servers: Server[] = [];

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  return `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
}

function get(url: string, more: Partial<HttpRequest> = {}): HttpRequest {
  return { method: 'GET', url, headers: {}, timeoutMs: 10_000, ...more };
}

async function failureOf(promise: Promise<unknown>): Promise<HttpFailure> {
  const error = await promise.then(
    () => null,
    (cause: unknown) => cause,
  );
  expect(error).toBeInstanceOf(HttpFailure);
  return error as HttpFailure;
}

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

describe('the HTTP client', () => {
  test('carries method, headers and body, and gives status, headers and body', async () => {
    const url = await serve((incoming, outgoing) => {
      const key = String(incoming.headers['x-key']);
      outgoing.writeHead(201, { 'X-Seen': `${String(incoming.method)} ${key}` });
      outgoing.write('got ');
      incoming.pipe(outgoing);
    });
    const response = await http(get(url, { method: 'POST', headers: { 'x-key': 'k' }, body: 'größe' }));
    expect(response).toMatchObject({ status: 201, headers: { 'x-seen': 'POST k' }, body: 'got größe' });
  });

  test.each([204, 302, 404, 429, 500])('resolves for status %i without following it', async (status) => {
    const url = await serve((_, outgoing) => {
      outgoing.writeHead(status, { location: 'http://127.0.0.1:1/' }).end();
    });
    expect((await http(get(url))).status).toBe(status);
  });

  test('keeps connections alive between exchanges', async () => {
    const ports = new Set<number | undefined>();
    const url = await serve((incoming, outgoing) => {
      ports.add(incoming.socket.remotePort);
      outgoing.end('ok');
    });
    for (let i = 0; i < 10; i += 1) await http(get(url));
    // The second exchange may begin before the first socket is back in the pool.
    expect(ports.size).toBeLessThanOrEqual(2);
  });

  test('puts credentials of the URL into the Authorization header', async () => {
    const url = await serve((incoming, outgoing) => {
      outgoing.end(incoming.headers.authorization ?? 'none');
    });
    const { body } = await http(get(url.replace('//', '//us%20er:p%40ss@')));
    expect(body).toBe(`Basic ${Buffer.from('us er:p@ss').toString('base64')}`);
  });

  test('fails as timed out when no answer begins', async () => {
    const url = await serve(() => undefined);
    const failure = await failureOf(http(get(`${url}/secret?key=secret`, { timeoutMs: 30 })));
    expect(failure.code).toBe('http_timeout');
    expect(failure.message).toContain(url);
    expect(failure.message).not.toContain('secret');
  });

  test('fails as timed out when the body stalls', async () => {
    const url = await serve((_, outgoing) => {
      outgoing.writeHead(200, { 'content-length': '100' });
      outgoing.write('half');
    });
    expect((await failureOf(http(get(url, { timeoutMs: 50 })))).code).toBe('http_timeout');
  });

  test('fails as unreachable when the connection is cut in the body, and says so', async () => {
    const url = await serve((incoming, outgoing) => {
      outgoing.writeHead(200, { 'content-length': '100' });
      outgoing.write('half', () => incoming.socket.destroy());
    });
    expect((await failureOf(http(get(url)))).code).toBe('http_unreachable');
  });

  test('fails as unreachable when nobody listens, naming the reason', async () => {
    const url = await serve(() => undefined);
    const [server] = servers.splice(0);
    server?.close();
    const failure = await failureOf(http(get(`${url}/secret`)));
    expect(failure.code).toBe('http_unreachable');
    expect(failure.message).toContain('ECONNREFUSED');
    expect(failure.message).not.toContain('secret');
  });

  test('does not repeat what is not a URL', async () => {
    const failure = await failureOf(http(get('secret-key')));
    expect(failure.message).not.toContain('secret');
    expect(failure.cause).toBeUndefined();
  });

  test('gives up an answer that is too large', async () => {
    const url = await serve((incoming, outgoing) => {
      const chunk = Buffer.alloc(1024 * 1024);
      const push = () => {
        while (!incoming.socket.destroyed && outgoing.write(chunk));
      };
      outgoing.on('drain', push);
      push();
    });
    const failure = await failureOf(http(get(url, { timeoutMs: 20_000 })));
    expect(failure).toMatchObject({
      code: 'http_unreachable',
      message: expect.stringContaining('exceeds') as unknown,
    });
  });
});
