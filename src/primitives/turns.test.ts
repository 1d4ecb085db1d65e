import { expect, test } from 'vitest';
import { createTurns } from './turns.ts';

test('tasks of one name run one after the other, others meanwhile', async () => {
  const turns = createTurns();
  const seen: string[] = [];
  const gate = Promise.withResolvers<void>();
  const task =
    (name: string, until: Promise<void> = Promise.resolve()) =>
    async () => {
      seen.push(`${name} begins`);
      await until;
      seen.push(`${name} ends`);
    };
  const first = turns.run('a', task('first', gate.promise));
  const second = turns.run('a', task('second'));
  await turns.run('b', task('other'));
  expect(seen).toEqual(['first begins', 'other begins', 'other ends']);
  gate.resolve();
  await Promise.all([first, second]);
  expect(seen.slice(3)).toEqual(['first ends', 'second begins', 'second ends']);
});

test('one that fails fails for its caller alone', async () => {
  const turns = createTurns();
  const failing = turns.run('a', () => Promise.reject(new Error('no')));
  const next = turns.run('a', async () => 'done');
  await expect(failing).rejects.toThrow('no');
  expect(await next).toBe('done');
});
