import { Agent, get } from 'node:http';
import { connect } from 'node:net';
import { expect, onTestFinished, test, vi } from 'vitest';
import { createManualPorts } from '../ports/manual-ports.ts';
import { systemRandom } from '../ports/system.ts';
import { silentLog } from '../telemetry/log.ts';
import { createServer } from './server.ts';

const KEY = 'key-0123456789-0123456789-0123456789';

/** A server on a port of its own, with a route that answers when it is told to. */
async function start() {
  const reached = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<void>();
  const ports = createManualPorts();
  const server = createServer({
    log: silentLog,
    random: systemRandom,
    clock: ports.clock,
    timers: ports.timers,
    trustedProxies: [],
    alpaca: { ranges: [], keys: [{ name: 'alpaca', key: KEY }] },
    internal: { ranges: [], keys: [] },
    routes: {
      alpaca: [
        async (app) => {
          app.get('/slow', async () => {
            reached.resolve();
            await answer.promise;
            return { done: true };
          });
        },
      ],
      internal: [],
      keyless: [],
      open: [async (app) => void app.get('/health', async () => ({ status: 'ok' }))],
    },
  });
  const { port } = new URL(await server.listen({ host: '127.0.0.1', port: 0 }));
  const agent = new Agent({ keepAlive: true });
  onTestFinished(() => {
    agent.destroy();
  });
  const call = (path: string) =>
    new Promise<{ status: number | undefined; body: string; type: string | undefined }>((resolve, reject) => {
      get({ host: '127.0.0.1', port, path, agent, headers: { 'x-api-key': KEY } }, (response) => {
        let body = '';
        response.on('data', (part: Buffer) => (body += part.toString()));
        response.on('end', () => {
          resolve({ status: response.statusCode, body, type: response.headers['content-type'] });
        });
      }).on('error', reject);
    });
  return {
    server,
    ports,
    port: Number(port),
    call,
    reached: reached.promise,
    answer: () => answer.resolve(),
  };
}

test('closes as soon as the running call is answered, although its connection is kept alive', async () => {
  const { server, call, reached, answer } = await start();
  const running = call('/slow');
  await reached;
  const closed = server.close();
  answer();
  expect((await running).body).toBe('{"done":true}');
  await closed;
});

test('closes at once when all that is connected never asked for anything, or not in full', async () => {
  const { server, port, call } = await start();
  const silent = connect(port, '127.0.0.1');
  const half = connect(port, '127.0.0.1');
  onTestFinished(() => {
    silent.destroy();
    half.destroy();
  });
  half.write(`GET /slow HTTP/1.1\r\nhost: a\r\nx-api-key: ${KEY}\r\n`);
  // A call that is answered shows that both connections were taken.
  await call('/health');
  await server.close();
  expect(server.server.listening).toBe(false);
});

test('refuses new calls while it closes, as a problem like any other, and still answers a balancer', async () => {
  const { server, call, reached, answer } = await start();
  const running = call('/slow');
  await reached;
  const closed = server.close();
  const refused = await call('/slow');
  expect(refused).toMatchObject({ status: 503, type: expect.stringContaining('application/problem+json') });
  expect(JSON.parse(refused.body)).toMatchObject({ code: 'stopping' });
  expect((await call('/health')).status).toBe(200);
  answer();
  expect((await running).status).toBe(200);
  await closed;
});

test('cuts off a handler that does not end', async () => {
  const { server, ports, call, reached } = await start();
  const running = Promise.allSettled([call('/slow')]);
  await reached;
  const closed = server.close();
  await vi.waitFor(() => {
    expect(ports.armedTimers()).toBe(1);
  });
  await ports.advance(10_000);
  await closed;
  expect(await running).toMatchObject([{ status: 'rejected', reason: { code: 'ECONNRESET' } }]);
});
