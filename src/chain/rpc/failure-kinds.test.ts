import { describe, expect, test } from 'vitest';
import { RpcFailure } from '../../primitives/failures.ts';
import { isBusy, isExecutionRevert, isRangeLimitError, revertData } from './failure-kinds.ts';

function answered(
  message: string,
  options: { method?: string; rpcCode?: number; data?: unknown; httpStatus?: number } = {},
): RpcFailure {
  return new RpcFailure(message, { kind: 'answered', method: 'eth_getLogs', rpcCode: -32000, ...options });
}

describe('a refusal for the size of a log query', () => {
  test.each([
    'query returned more than 10000 results',
    'query returned more than 10000 results. Try with this block range [0x1, 0x2].',
    'Log response size exceeded. You can make eth_getLogs requests with up to a 2K block range',
    'Under the Free tier plan, you can make eth_getLogs requests with up to a 10 block range.',
    'eth_getLogs is limited to a 10,000 range',
    'eth_getLogs is limited to 0 - 10000 blocks range',
    'exceed maximum block range: 5000',
    'block range is too wide',
    'Block range is too large',
    'query exceeds max block range 100000',
    'query exceeds max results 20000, retry with the range 1-2',
    'logs matched by query exceeds limit of 10000',
    'maximum [from, to] blocks distance: 2000',
    'backend response too large',
    'Response is too big',
    'range is too large, max is 1k blocks',
    'requested too many blocks from 1 to 5000, maximum is set to 2048: block range limit',
    'query timeout exceeded',
    'Maximum allowed number of requested blocks is 3500',
    'eth_getLogs block range exceeds the range allowed for your plan (10000 > 3000).',
  ])('is: %s', (text) => {
    expect(isRangeLimitError(answered(text))).toBe(true);
    expect(isBusy(answered(text))).toBe(false);
  });

  test('is told by code and status too', () => {
    expect(isRangeLimitError(answered('limit exceeded', { rpcCode: -32005 }))).toBe(true);
    const tooLarge = { kind: 'unreachable', method: 'eth_getLogs', httpStatus: 413 } as const;
    expect(isRangeLimitError(new RpcFailure('HTTP 413', tooLarge))).toBe(true);
  });

  test.each([
    answered('daily request count exceeded, request rate limited', { rpcCode: -32005 }),
    answered('rate limit exceeded'),
    answered('header not found'),
    answered('query returned more than 10000 results', { method: 'eth_call' }),
    new RpcFailure('block range is too wide', { kind: 'unreachable', method: 'eth_getLogs' }),
    new Error('block range is too wide'),
  ])('is not: %s', (error) => {
    expect(isRangeLimitError(error)).toBe(false);
  });
});

describe('a busy node', () => {
  test.each([
    answered('slow down', { httpStatus: 429 }),
    answered('slow down', { rpcCode: 429 }),
    answered('something broke', { httpStatus: 503 }),
    answered('Your app has exceeded its compute units per second capacity'),
    answered('Too Many Requests'),
    new RpcFailure('HTTP 502', { kind: 'unreachable', method: 'eth_call', httpStatus: 502 }),
  ])('is one that says: %s', (failure) => {
    expect(isBusy(failure)).toBe(true);
  });

  test.each([
    answered('execution reverted', { rpcCode: 3, httpStatus: 500 }),
    answered('execution reverted: rate limit exceeded', { rpcCode: 3, method: 'eth_call' }),
    answered('nonce too low', { method: 'eth_sendRawTransaction' }),
  ])('is not one that says: %s', (failure) => {
    expect(isBusy(failure)).toBe(false);
  });
});

describe('a revert', () => {
  test('is told from other refusals', () => {
    expect(isExecutionRevert(answered('execution reverted'))).toBe(true);
    expect(isExecutionRevert(answered('anything', { rpcCode: 3 }))).toBe(true);
    expect(isExecutionRevert(answered('VM execution error.', { rpcCode: -32015 }))).toBe(true);
    expect(isExecutionRevert(answered('out of gas'))).toBe(false);
    expect(isExecutionRevert(new RpcFailure('reverted', { kind: 'unreachable', method: 'eth_call' }))).toBe(
      false,
    );
  });

  test.each([
    ['geth', '0x08C379A0', '0x08c379a0'],
    ['Nethermind', 'Reverted 0x08c379a0', '0x08c379a0'],
    ['a nested object', { data: { data: '0x01' } }, '0x01'],
    ['a wrapped error', { originalError: { data: '0x02' } }, '0x02'],
    ['an empty revert', '0x', '0x'],
    ['no data', undefined, null],
    ['text', 'out of gas', null],
  ])('gives its bytes as %s puts them', (_, data, expected) => {
    expect(revertData(answered('execution reverted', { data }))).toBe(expected);
  });
});
