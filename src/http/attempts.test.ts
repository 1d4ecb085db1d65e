import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { createManualPorts } from '../ports/manual-ports.ts';
import { createAttempts } from './attempts.ts';

function start() {
  const ports = createManualPorts();
  const told: string[] = [];
  return { ports, told, attempts: createAttempts(ports.timers, (address) => void told.push(address)) };
}

function failTimes(attempts: ReturnType<typeof createAttempts>, address: string, count: number) {
  return Array.from({ length: count }, () => attempts.fail(address));
}

describe('failed credentials', () => {
  test('ten in any minute are free, and the wait is until the oldest is a minute old', async () => {
    const { attempts, ports } = start();
    expect(attempts.fail('192.0.2.1')).toBeNull();
    await ports.advance(20_000);
    expect(failTimes(attempts, '192.0.2.1', 9)).toEqual(Array.from({ length: 9 }, () => null));
    expect(attempts.fail('192.0.2.1')).toBe(40_000);
    await ports.advance(39_999);
    expect(attempts.fail('192.0.2.1')).toBe(1);
    await ports.advance(1);
    expect(attempts.fail('192.0.2.1')).toBeNull();
    // The other nine are not forgotten with it.
    expect(attempts.fail('192.0.2.1')).toBe(20_000);
  });

  test('the wall clock has no say in it', () => {
    const { attempts, ports } = start();
    failTimes(attempts, '192.0.2.1', 10);
    ports.setClock(ports.clock.nowMs() + 3_600_000);
    expect(attempts.fail('192.0.2.1')).toBe(60_000);
  });

  test('addresses are counted apart, and those of one /64 together', () => {
    const { attempts } = start();
    failTimes(attempts, '192.0.2.1', 10);
    expect(attempts.fail('192.0.2.2')).toBeNull();
    for (let host = 1; host <= 10; host += 1) expect(attempts.fail(`2001:db8::${host}`)).toBeNull();
    expect(attempts.fail('2001:db8::ffff')).not.toBeNull();
    expect(attempts.fail('2001:db8:0:1::1')).toBeNull();
  });

  test('a flood of addresses costs bounded memory, and the last five thousand to fail are known', () => {
    const { attempts } = start();
    failTimes(attempts, '192.0.2.1', 10);
    const flood = (count: number, from: number): void => {
      for (let at = from; at < from + count; at += 1) {
        attempts.fail(`10.${at >> 16}.${(at >> 8) & 0xff}.${at & 0xff}`);
      }
    };
    flood(4_999, 0);
    expect(attempts.fail('192.0.2.1')).not.toBeNull();
    flood(10_000, 100_000);
    expect(attempts.fail('192.0.2.1')).toBeNull();
    const before = heapUsed();
    flood(500_000, 200_000);
    expect(heapUsed() - before).toBeLessThan(4 * 1024 * 1024);
  });

  test('an operator is told at most once a minute', async () => {
    const { attempts, ports, told } = start();
    failTimes(attempts, '192.0.2.1', 15);
    failTimes(attempts, '2001:db8::1', 15);
    expect(told).toEqual(['192.0.2.1']);
    await ports.advance(60_000);
    failTimes(attempts, '2001:db8::1', 15);
    expect(told).toEqual(['192.0.2.1', '2001:db8:0:0::/64']);
  });
});

function heapUsed(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed;
}
