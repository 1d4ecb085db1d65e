import { Writable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { createProgressBar } from './progress-bar.ts';

function setUp(isTTY: boolean) {
  let written = '';
  const stream = Object.assign(
    new Writable({
      write(chunk: Buffer, _encoding, done) {
        written += chunk.toString('utf8');
        done();
      },
    }),
    { isTTY, columns: 80 },
  );
  let nowMs = 0;
  const bar = createProgressBar(
    'verifying',
    { monotonicMs: () => nowMs },
    stream as unknown as NodeJS.WriteStream,
  );
  return {
    bar,
    written: () => written,
    pass: (ms: number) => {
      nowMs += ms;
    },
  };
}

describe('a progress bar', () => {
  test('appears after a second, tells how far it is, and is gone at the end', () => {
    const { bar, written, pass } = setUp(true);
    bar.onProgress({ what: 'events', done: 0, total: 4_000 });
    pass(999);
    bar.onProgress({ what: 'events', done: 1_000, total: 4_000 });
    expect(written()).toBe('');
    pass(1);
    bar.onProgress({ what: 'events', done: 2_000, total: 4_000 });
    expect(written()).toContain('verifying [============            ]  50 %  2,000 of 4,000 events');
    bar.end();
    // The line is empty again, and no cursor is hidden for ever.
    expect(written().endsWith('\u001b[2K')).toBe(true);
    expect(written()).not.toContain('\u001b[?25l');
  });

  test('begins anew with what comes next', () => {
    const { bar, written, pass } = setUp(true);
    pass(1_000);
    bar.onProgress({ what: 'events', done: 4_000, total: 4_000 });
    bar.onProgress({ what: 'rows', done: 0, total: 10 });
    bar.end();
    expect(written()).toContain('0 of 10 rows');
  });

  test('is for terminals only', () => {
    const { bar, written, pass } = setUp(false);
    pass(5_000);
    bar.onProgress({ what: 'events', done: 1, total: 2 });
    bar.end();
    expect(written()).toBe('');
  });
});
