import { expect, test } from 'vitest';
import { requireDistinct } from './create-signer.ts';

const ONE = { address: `0x${'aa'.repeat(20)}`, kind: 'local' } as const;
const OTHER = { address: `0x${'bb'.repeat(20)}`, kind: 'fireblocks' } as const;

test('an address signs once, whoever has its key', () => {
  expect(() => {
    requireDistinct([ONE, OTHER]);
  }).not.toThrow();
  expect(() => {
    requireDistinct([ONE, OTHER, { ...ONE, kind: 'turnkey' }]);
  }).toThrow(/0xa+ is a signer twice: local and turnkey\. Each address of RETIRED_SIGNERS/);
});
