import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { startLoad } from './start-load.ts';

const servers: { close(): void }[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** Answers with the status that the body asks for, and keeps what it was sent. */
async function echo(): Promise<{ readonly url: string; readonly bodies: string[] }> {
  const bodies: string[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      bodies.push(body);
      const { status } = JSON.parse(body) as { status: number };
      response.writeHead(status, { 'content-length': body.length }).end(body);
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return { url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/take`, bodies };
}

describe('startLoad', () => {
  test('sends every body once, and counts the answers by their status', async () => {
    const { url, bodies } = await echo();
    const bodyOf = (index: number): string => JSON.stringify({ index, status: index % 5 === 0 ? 409 : 200 });
    const load = await startLoad({ url, connections: 8, count: 200, bodyOf });
    expect(load.statuses).toEqual({ '200': 160, '409': 40 });
    expect([...bodies].sort()).toEqual(Array.from({ length: 200 }, (_, index) => bodyOf(index)).sort());
    expect(load.latencyMs.max).toBeGreaterThanOrEqual(load.latencyMs.p50);
  });

  test('fails when nobody listens', async () => {
    const { url } = await echo();
    for (const server of servers.splice(0)) server.close();
    await expect(startLoad({ url, connections: 1, count: 1, bodyOf: () => '{}' })).rejects.toThrow(
      'no report',
    );
  });
});
