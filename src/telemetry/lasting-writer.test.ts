import { expect, test } from 'vitest';
import { createLastingWriter } from './lasting-writer.ts';

function open() {
  const written: string[] = [];
  const broken: string[] = [];
  let fail: (error: Error) => void = () => {};
  let isFull = false;
  const write = createLastingWriter({
    stream: {
      write: (text) => written.push(text),
      on: (_event, listener) => {
        fail = listener;
      },
    },
    direct(text) {
      if (isFull) throw new Error('ENOSPC');
      written.push(text);
    },
    onBroken: (error) => broken.push(error.message),
  });
  return {
    write,
    written,
    broken,
    setFull: (full: boolean) => (isFull = full),
    breakStream: (why: string) => {
      fail(new Error(why));
    },
  };
}

test('goes on behind a stream that broke, and says how much is missing', () => {
  const { write, written, broken, setFull, breakStream } = open();
  write('a\n');
  setFull(true);
  breakStream('ENOSPC');
  write('b\nc\n');
  write('d\n');
  expect(written).toEqual(['a\n']);
  expect(broken).toEqual(['ENOSPC']);
  setFull(false);
  write('e\n');
  write('f\n');
  expect(written[1]).toBe(
    '{"level":"error","lines":4,"msg":"lines of the log were lost: it could not be written"}\ne\n',
  );
  expect(written.slice(2)).toEqual(['f\n']);
  setFull(true);
  write('g\n');
  expect(broken).toEqual(['ENOSPC', 'ENOSPC']);
});

test('never throws where the reader is gone for good', () => {
  const { write, broken, setFull, breakStream } = open();
  setFull(true);
  breakStream('EPIPE');
  for (let line = 0; line < 100; line += 1) write('x\n');
  expect(broken).toEqual(['EPIPE']);
});
