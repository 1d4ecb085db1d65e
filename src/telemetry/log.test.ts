import { describe, expect, test } from 'vitest';
import { createLog, recordingLog, type LogOptions } from './log.ts';

const secret = 'a"very"secret\\key';

function capture(options: Partial<LogOptions> = {}) {
  const lines: string[] = [];
  const log = createLog({
    level: 'info',
    format: 'json',
    clock: { nowMs: () => Date.UTC(2026, 0, 2, 9, 30) },
    write: (line) => lines.push(line),
    ...options,
  });
  return { log, lines };
}

describe('json log', () => {
  test('a line tells level, time, message and fields, and bigints keep their digits', () => {
    const { log, lines } = capture();
    log.child({ operation: 'op-1' }).info({ shares: 123_456_789_012_345_678_901n }, 'minted');
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      {
        level: 'info',
        time: '2026-01-02T09:30:00.000Z',
        operation: 'op-1',
        shares: '123456789012345678901',
        msg: 'minted',
      },
    ]);
  });

  test('lines below the level are left out', () => {
    const { log, lines } = capture({ level: 'warn' });
    log.debug({}, 'polled');
    log.info({}, 'moved');
    log.warn({}, 'odd');
    expect(lines).toHaveLength(1);
  });

  test('a known secret is blotted out of fields, messages and errors, however JSON spells it', () => {
    const { log, lines } = capture({ secrets: [secret, 'short'] });
    const err = new Error(`refused: ${secret}`, { cause: new Error(`key ${secret}`) });
    log.error(
      { alarm: 'step_threw', header: secret, nested: { deep: [secret] }, err },
      `with ${secret}, in short`,
    );
    const text = lines.join('');
    expect(text).not.toContain('very');
    expect(text).toContain('refused: [secret]');
    expect(text).toContain('in short');
    expect(() => JSON.parse(text) as unknown).not.toThrow();
  });
});

describe('pretty log', () => {
  test('reads as time, level, message and fields, with the stack below', () => {
    const { log, lines } = capture({ format: 'pretty' });
    log.info({ network: 'base', block: 12, why: 'two words' }, 'reorg seen');
    log.error({ alarm: 'step_threw', err: new Error('boom') }, 'failed');
    expect(lines[0]).toBe('09:30:00.000 INFO  reorg seen network=base block=12 why=two words\n');
    expect(lines[1]).toMatch(/^09:30:00.000 ERROR failed alarm=step_threw\n {4}Error: boom\n {4} +at /);
  });

  test('keeps secrets out', () => {
    const { log, lines } = capture({ format: 'pretty', secrets: [secret] });
    log.info({ key: secret }, 'read');
    expect(lines.join('')).not.toContain('very');
  });
});

test('the recording log keeps lines of itself and of its children', () => {
  const log = recordingLog();
  log.child({ a: 1 }).warn({ b: 2 }, 'odd');
  expect(log.entries).toEqual([{ level: 'warn', message: 'odd', fields: { a: 1, b: 2 } }]);
});
