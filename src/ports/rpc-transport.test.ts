import { describe, expect, test } from 'vitest';
import { HttpFailure, RpcFailure } from '../primitives/failures.ts';
import type { HttpRequest } from './ports.ts';
import { createRpcTransport } from './rpc-transport.ts';

/** Answers like a node, from the request's id. */
function answering(answer: (id: number, request: HttpRequest) => { status?: number; body: unknown }) {
  return createRpcTransport((request) => {
    const { id } = JSON.parse(request.body ?? '') as { readonly id: number };
    const { status = 200, body } = answer(id, request);
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    return Promise.resolve({ status, headers: {}, body: text });
  });
}

const request = { url: 'http://node.test/', method: 'eth_call', params: [{ to: '0x' }], timeoutMs: 5 };

async function failureOf(promise: Promise<unknown>): Promise<RpcFailure> {
  const error = await promise.catch((cause: unknown) => cause);
  expect(error).toBeInstanceOf(RpcFailure);
  return error as RpcFailure;
}

describe('the JSON-RPC transport', () => {
  test('sends a JSON-RPC 2.0 request with a fresh id each time', async () => {
    const ids: number[] = [];
    const rpc = answering((id, { body, url, timeoutMs }) => {
      ids.push(id);
      expect(JSON.parse(body ?? '')).toEqual({
        jsonrpc: '2.0',
        id,
        method: 'eth_call',
        params: [{ to: '0x' }],
      });
      expect({ url, timeoutMs }).toEqual({ url: request.url, timeoutMs: 5 });
      return { body: { jsonrpc: '2.0', id, result: '0x1' } };
    });
    expect(await rpc(request)).toBe('0x1');
    expect(await rpc(request)).toBe('0x1');
    expect(new Set(ids).size).toBe(2);
  });

  test('gives null where the result is null, also beside a null error', async () => {
    expect(await answering((id) => ({ body: { id, result: null } }))(request)).toBeNull();
    expect(await answering((id) => ({ body: { id, error: null, result: '0x2' } }))(request)).toBe('0x2');
  });

  test.each([200, 400, 500])('keeps what the node answered, with status %i', async (status) => {
    const error = { code: 3, message: 'execution reverted', data: '0x08c379a0' };
    const failure = await failureOf(answering((id) => ({ status, body: { id, error } }))(request));
    expect(failure).toMatchObject({
      kind: 'answered',
      method: 'eth_call',
      rpcCode: 3,
      data: '0x08c379a0',
      httpStatus: status,
      message: 'eth_call: execution reverted',
    });
  });

  test('takes an error without an id as an answer', async () => {
    const body = { id: null, error: { code: -32600, message: 'invalid request' } };
    expect(await failureOf(answering(() => ({ body }))(request))).toMatchObject({ kind: 'answered' });
  });

  test('knows nothing after a 429, whatever the body', async () => {
    const error = { code: -32005, message: 'slow down' };
    const withError = await failureOf(answering((id) => ({ status: 429, body: { id, error } }))(request));
    expect(withError).toMatchObject({ kind: 'unreachable', httpStatus: 429, rpcCode: -32005 });
    const plain = await failureOf(answering(() => ({ status: 429, body: 'slow down' }))(request));
    expect(plain).toMatchObject({ kind: 'unreachable', httpStatus: 429 });
  });

  test.each([
    ['not JSON', 200, '<html>'],
    ['an empty body', 200, ''],
    ['an array', 200, []],
    ['a gateway error', 502, '<html>bad gateway</html>'],
    ['a result with a failing status', 503, { id: 1, result: '0x1' }],
    ['the answer to another request', 200, { id: 99, result: '0x1' }],
    ['the error of another request', 200, { id: 99, error: { code: 3, message: 'reverted' } }],
    ['neither result nor error', 200, { id: 1 }],
  ])('does not take %s for an answer', async (_, status, body) => {
    const failure = await failureOf(answering(() => ({ status, body }))(request));
    expect(failure).toMatchObject({ kind: 'unreachable', httpStatus: status, rpcCode: null });
  });

  test('turns a missing HTTP answer into an unreachable node', async () => {
    const cause = new HttpFailure('POST http://node.test: timed out', { timedOut: true });
    const failure = await failureOf(createRpcTransport(() => Promise.reject(cause))(request));
    expect(failure).toMatchObject({ kind: 'unreachable', httpStatus: null, cause });
  });
});
