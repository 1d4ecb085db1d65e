import { expect, test } from 'vitest';
import { hiddenParts } from './hidden-parts.ts';

test.each<[string, readonly string[]]>([
  ['https://base.example.com', []],
  ['https://base.example.com/', []],
  ['https://base.example.com/mainnet', ['/mainnet']],
  ['https://base.example.com/v2/0123456789abcdef', ['/v2/0123456789abcdef', '0123456789abcdef']],
  ['https://me:word@base.example.com/', ['me', 'word']],
  ['https://base.example.com/?key=0123456789abcdef', ['/?key=0123456789abcdef', '0123456789abcdef']],
  ['no URL', []],
])('%s hides %j', (url, parts) => {
  expect(hiddenParts(url)).toEqual(parts);
});
