import { expect, test } from 'vitest';
import { createLineWriter } from './line-writer.ts';

function open() {
  const tasks: (() => void)[] = [];
  const written: string[] = [];
  const lines = createLineWriter({
    write: (text) => void written.push(text),
    defer: (task) => void tasks.push(task),
  });
  const turn = (): void => {
    for (const task of tasks.splice(0)) task();
  };
  return { ...lines, written, turn };
}

test('lines of one turn are written together, in order, and none twice', () => {
  const { write, written, turn } = open();
  write('one\n');
  write('two\n');
  expect(written).toEqual([]);
  turn();
  write('three\n');
  turn();
  turn();
  expect(written).toEqual(['one\ntwo\n', 'three\n']);
});

test('what waits can be written at once, and what comes afterwards is not lost', () => {
  const { write, flush, written, turn } = open();
  write('one\n');
  flush();
  expect(written).toEqual(['one\n']);
  write('two\n');
  turn();
  expect(written).toEqual(['one\n', 'two\n']);
  flush();
  expect(written).toHaveLength(2);
});
