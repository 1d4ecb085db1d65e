import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { createIssuerApi } from './issuer-api.ts';

test('whoever answers 200 with something else than JSON is not taken for the service', async () => {
  const server = createServer((_request, response) => response.end('<html>welcome</html>'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const api = createIssuerApi(`http://127.0.0.1:${String(port)}`, null);
  await expect(api.call('GET', '/ready')).rejects.toMatchObject({
    code: 'issuer_refused',
    status: 200,
    body: '<html>welcome</html>',
  });
});
