import type { NetworkConfig } from '../../config/config.ts';
import type { HttpClient, Ports, RpcTransport } from '../../ports/ports.ts';
import type { Tracer } from '../../telemetry/trace.ts';

/** The same ports, through which every request that a step or a caller's request makes is a span. */
export function tracePorts(tracer: Tracer, ports: Ports, networks: readonly NetworkConfig[]): Ports {
  if (!tracer.isOn) return ports;
  return { ...ports, http: traceHttp(tracer, ports.http), rpc: traceRpc(tracer, ports.rpc, networks) };
}

/** The URL of a node may hold a key, so its place in the settings stands for it. */
function traceRpc(tracer: Tracer, transport: RpcTransport, networks: readonly NetworkConfig[]): RpcTransport {
  const places = new Map(
    networks.flatMap(({ network, rpcUrls }) => rpcUrls.map((url, endpoint) => [url, { network, endpoint }])),
  );
  return (request) => {
    // What nobody's step or request asks for, such as a look at a WebSocket, has no trace to belong to.
    if (tracer.current() === null) return transport(request);
    const place = places.get(request.url);
    const attributes = {
      'rpc.system.name': 'jsonrpc',
      'rpc.method': request.method,
      'issuer.network': place?.network ?? null,
      'issuer.endpoint': place?.endpoint ?? null,
    };
    return tracer.run({ name: `rpc ${request.method}`, kind: 'client', attributes }, () =>
      transport(request),
    );
  };
}

/** Neither URL nor headers nor bodies stand in a span. */
function traceHttp(tracer: Tracer, http: HttpClient): HttpClient {
  return (request) => {
    const attributes = {
      'http.request.method': request.method,
      'server.address': URL.parse(request.url)?.hostname ?? null,
    };
    const name = request.purpose ?? `http ${request.method}`;
    return tracer.run({ name, kind: 'client', attributes }, async (span) => {
      const response = await http(request);
      span.set({
        'http.response.status_code': response.status,
        'issuer.partner_request_id': response.headers['x-request-id'] ?? null,
      });
      if (response.status >= 400) span.fail(`HTTP ${String(response.status)}`);
      return response;
    });
  };
}
