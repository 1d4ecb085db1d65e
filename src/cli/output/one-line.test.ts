import { expect, test } from 'vitest';
import { oneLine } from './one-line.ts';

test.each([
  ['a line end', 'first\r\nsecond', 'first second'],
  ['other line ends', 'a\u2028b\u0085c', 'a b c'],
  ['a command to the terminal', '\u001b[31mred\u0007', '[31mred'],
  ['what turns the writing around', 'a\u202eb\u2066c', 'a b c'],
  ['nothing unseen', 'ünïcødé 株 👩‍🚀', 'ünïcødé 株 👩‍🚀'],
])('a text with %s', (_what, text, shown) => {
  expect(oneLine(text)).toBe(shown);
});
