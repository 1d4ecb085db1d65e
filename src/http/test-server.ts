import { connect } from 'node:net';
import type { FastifyPluginAsync } from 'fastify';
import { onTestFinished } from 'vitest';
import { createManualPorts } from '../ports/manual-ports.ts';
import { recordingLog } from '../telemetry/log.ts';
import type { AccessRule } from './access.ts';
import type { ServerLimits } from './limits.ts';
import { createServer } from './server.ts';

export const ALPACA_KEY = 'alpaca-key-0123456789-0123456789-0123';
export const OPS_KEY = 'ops-key-0123456789-0123456789-012345';

export interface TestServerOptions {
  readonly alpaca?: Partial<AccessRule>;
  readonly internal?: Partial<AccessRule>;
  readonly trustedProxies?: readonly string[];
  readonly limits?: Partial<ServerLimits>;
  /** More of Alpaca's routes. */
  readonly routes?: FastifyPluginAsync;
  /** More of the operators' routes. */
  readonly internalRoutes?: FastifyPluginAsync;
}

/**
 * A server with a few routes of its own, which counts the calls that reached a handler. Its clock and its timers stand
 * still until a test moves them; it is closed when the test ends.
 */
export function createTestServer(options: TestServerOptions = {}) {
  const { trustedProxies = [] } = options;
  const ports = createManualPorts();
  const log = recordingLog();
  const handled: { readonly url: string; readonly body: unknown }[] = [];
  const routes: FastifyPluginAsync = async (app) => {
    app.addHook('preHandler', async ({ url, body }) => void handled.push({ url, body }));
    app.post('/echo', async (request) => ({ actor: request.actor, body: request.body }));
    app.get('/who', async (request) => ({ actor: request.actor }));
  };
  const server = createServer({
    log,
    ...ports,
    trustedProxies,
    limits: options.limits ?? {},
    alpaca: { ranges: [], keys: [{ name: 'alpaca', key: ALPACA_KEY }], ...options.alpaca },
    internal: {
      ranges: ['127.0.0.0/8', '::1/128'],
      keys: [{ name: 'ana', key: OPS_KEY }],
      forwardedOnlyBy: trustedProxies,
      ...options.internal,
    },
    routes: {
      alpaca: [routes, ...(options.routes === undefined ? [] : [options.routes])],
      internal: [
        async (app) => void app.get('/inside', async (request) => ({ actor: request.actor })),
        ...(options.internalRoutes === undefined ? [] : [options.internalRoutes]),
      ],
      keyless: [],
      open: [async (app) => void app.get('/health', async () => ({ status: 'ok' }))],
    },
  });
  onTestFinished(() => server.close());
  return { server, ports, log, handled };
}

/** Sends bytes, and resolves with all that came back (latin-1) when the connection has ended, however it did. */
export function exchange(port: number, ...parts: readonly (string | Buffer)[]): Promise<string> {
  return new Promise((resolve) => {
    let received = '';
    const socket = connect(port, '127.0.0.1', () => {
      for (const part of parts) socket.write(typeof part === 'string' ? Buffer.from(part, 'latin1') : part);
    });
    socket.on('data', (data: Buffer) => (received += data.toString('latin1')));
    socket.on('error', (error) => (received += `\n${error.message}`));
    socket.on('close', () => {
      resolve(received);
    });
  });
}

/** Status and code of every answer in what came back; the code is empty where the answer is no problem. */
export function answersIn(received: string): readonly string[] {
  return received
    .split(/(?=HTTP\/1\.1 \d)/)
    .filter((it) => it.startsWith('HTTP/1.1'))
    .map((it) => `${it.slice(9, 12)} ${/"code":"(\w+)"/.exec(it)?.[1] ?? ''}`.trim());
}
