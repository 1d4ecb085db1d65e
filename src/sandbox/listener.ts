import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { IssuanceError } from '../primitives/failures.ts';

/** A port on 127.0.0.1 that can be closed and opened again, which Fastify's own server cannot. */
export interface Listener {
  /** Resolves with the port; a second opening takes the same one. */
  open(): Promise<number>;
  /** Cuts every connection and stops listening. */
  close(): Promise<void>;
}

export function createListener(
  handle: (request: IncomingMessage, response: ServerResponse) => void,
  wantedPort: number,
): Listener {
  let server: Server | null = null;
  let port = wantedPort;
  return {
    open() {
      if (server !== null) return Promise.resolve(port);
      const opening = createServer(handle);
      server = opening;
      return new Promise((resolve, reject) => {
        opening.once('error', reject);
        opening.listen(port, '127.0.0.1', () => {
          const address = opening.address();
          if (address === null || typeof address === 'string') {
            reject(new IssuanceError('not_listening', 'a simulated partner got no port'));
            return;
          }
          port = address.port;
          resolve(port);
        });
      });
    },
    close() {
      const closing = server;
      server = null;
      if (closing === null) return Promise.resolve();
      return new Promise((resolve) => {
        closing.close(() => {
          resolve();
        });
        closing.closeAllConnections();
      });
    },
  };
}
