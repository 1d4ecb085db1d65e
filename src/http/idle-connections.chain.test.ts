import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, onTestFinished, test } from 'vitest';
import { ALPACA_KEY, answersIn, createTestServer, exchange } from './test-server.ts';

const CONNECTIONS = 10_000;

/**
 * Opens connections, a hundred at a time, of which every second one asks once and stays; says `open` when all are, and
 * counts those that the other side closed before it is told to end.
 */
const CALLER = `
  import { connect } from 'node:net';
  const [port, count] = process.argv.slice(1).map(Number);
  let closed = 0;
  const open = (at) => new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('close', () => (closed += 1));
    socket.on('error', reject);
    socket.once(at % 2 === 0 ? 'connect' : 'data', resolve);
    if (at % 2 === 1) socket.write('GET /health HTTP/1.1\\r\\nhost: a\\r\\n\\r\\n');
  });
  for (let from = 0; from < count; from += 100)
    await Promise.all(Array.from({ length: 100 }, (_, at) => open(from + at)));
  console.log('open');
  process.stdin.once('data', () => {
    console.log(closed);
    process.stdin.unref();
  });
`;

test('ten thousand idle connections cost little memory, keep nobody out, and do not hold up the stop', async () => {
  // Long enough that none of them is cut off while they are counted.
  const limits = {
    headersTimeoutMs: 300_000,
    requestTimeoutMs: 300_000,
    keepAliveMs: 300_000,
    stalledMs: 300_000,
  };
  const { server, handled } = createTestServer({ limits });
  const { port } = new URL(await server.listen({ host: '127.0.0.1', port: 0 }));
  const call = () =>
    exchange(
      Number(port),
      `POST /echo HTTP/1.1\r\nhost: a\r\nx-api-key: ${ALPACA_KEY}\r\ncontent-type: application/json\r\n` +
        'connection: close\r\ncontent-length: 2\r\n\r\n{}',
    );
  expect(answersIn(await call())).toEqual(['200']);
  const before = memory();

  const caller = spawn(process.execPath, ['--input-type=module', '-e', CALLER, port, String(CONNECTIONS)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  onTestFinished(() => void caller.kill('SIGKILL'));
  expect(String(await once(caller.stdout, 'data'))).toBe('open\n');
  const open = await new Promise<number>((resolve, reject) => {
    server.server.getConnections((error, count) => {
      if (error === null) resolve(count);
      else reject(error);
    });
  });
  expect(open).toBe(CONNECTIONS);
  expect((memory() - before) / CONNECTIONS).toBeLessThan(32 * 1024);

  for (let count = 0; count < 100; count += 1) expect(answersIn(await call())).toEqual(['200']);
  expect(handled).toHaveLength(101);
  caller.stdin.write('how many\n');
  expect(String(await once(caller.stdout, 'data'))).toBe('0\n');

  const begun = performance.now();
  await server.close();
  expect(server.server.listening).toBe(false);
  // The stop of the whole service has 25 s; this part of it must not be felt.
  expect(performance.now() - begun).toBeLessThan(5_000);
});

/** Bytes in use once nothing is left to collect, buffers outside of the heap included. */
function memory(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  const { heapUsed, external, arrayBuffers } = process.memoryUsage();
  return heapUsed + external + arrayBuffers;
}
