import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { createRealPorts } from './real-ports.ts';

afterEach(() => {
  vi.useRealTimers();
});

describe('the real ports', () => {
  const { clock, timers, random, rpc } = createRealPorts();

  test('tell the time', () => {
    const before = Date.now();
    expect(clock.nowMs()).toBeGreaterThanOrEqual(before);
    const started = timers.monotonicMs();
    expect(timers.monotonicMs()).toBeGreaterThanOrEqual(started);
  });

  test('run a task after its delay, unless it was cancelled', () => {
    vi.useFakeTimers();
    const [kept, cancelled] = [vi.fn<() => void>(), vi.fn<() => void>()];
    timers.after(100, kept);
    timers.after(100, cancelled)();
    vi.advanceTimersByTime(99);
    expect(kept).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(kept).toHaveBeenCalledOnce();
    expect(cancelled).not.toHaveBeenCalled();
  });

  test('hold a delay that is longer than a timer of the platform, and cancel it in any part', () => {
    vi.useFakeTimers();
    const longMs = 60 * 24 * 3_600_000;
    const [kept, cancelled] = [vi.fn<() => void>(), vi.fn<() => void>()];
    timers.after(longMs, kept);
    const cancel = timers.after(longMs, cancelled);
    vi.advanceTimersByTime(longMs - 1);
    expect(kept).not.toHaveBeenCalled();
    cancel();
    vi.advanceTimersByTime(2);
    expect(kept).toHaveBeenCalledOnce();
    expect(cancelled).not.toHaveBeenCalled();
  });

  test('defer a task to a later turn', async () => {
    const order: string[] = [];
    const deferred = new Promise<void>((resolve) => {
      timers.defer(() => {
        order.push('deferred');
        resolve();
      });
    });
    await Promise.resolve();
    order.push('this turn');
    await deferred;
    expect(order).toEqual(['this turn', 'deferred']);
  });

  test('give random bytes and fractions', () => {
    expect(random.bytes(32)).toHaveLength(32);
    expect(random.bytes(32)).not.toEqual(random.bytes(32));
    const fraction = random.fraction();
    expect(fraction).toBeGreaterThanOrEqual(0);
    expect(fraction).toBeLessThan(1);
  });

  test('carry JSON-RPC over a socket', async () => {
    const server = createServer((incoming, outgoing) => {
      incoming.setEncoding('utf8').once('data', (text: string) => {
        const { id, method } = JSON.parse(text) as { readonly id: number; readonly method: string };
        outgoing.end(JSON.stringify({ jsonrpc: '2.0', id, result: method }));
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
    expect(await rpc({ url, method: 'eth_chainId', params: [], timeoutMs: 10_000 })).toBe('eth_chainId');
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
    const gone = rpc({ url, method: 'eth_chainId', params: [], timeoutMs: 10_000 });
    await expect(gone).rejects.toMatchObject({ kind: 'unreachable' });
  });
});
