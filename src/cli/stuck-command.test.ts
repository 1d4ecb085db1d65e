import { expect, test } from 'vitest';
import type { Paint } from './output/output.ts';
import type { StuckAnswer } from './service/wire.ts';
import { stuckLines } from './stuck-command.ts';

test('networks come first, since whatever is on them waits; what there is none of is left out', () => {
  const answer: StuckAnswer = {
    operations: [],
    next_cursor: null,
    lanes: [
      {
        network: 'base',
        signer: `0x${'aa'.repeat(20)}`,
        state: 'quarantine',
        why: { code: 'quarantine', message: 'restored' },
        since: '2026-11-25T03:00:00.000Z',
        next_nonce: 8,
        chain_nonce: null,
        pending: 0,
        mined: 0,
        balance: null,
        stopped_vaults: {},
      },
    ],
    networks: [
      {
        network: 'base',
        state: 'stopped',
        why: 'a reorg of 40 blocks',
        since: '2026-11-25T03:00:00.000Z',
        waiting_for: 'resume',
        last_error: null,
        next_attempt_at: null,
      },
    ],
    transactions: [],
  };
  const paint: Paint = (_tone, text) => text;
  const lines = stuckLines(answer, {
    output: { width: 80, paint },
    nowMs: Date.parse('2026-11-25T03:01:00.000Z'),
  });
  expect(lines).toEqual([
    'Networks that stand still (issuer resume NETWORK, where one is stopped)',
    'NETWORK  STATE    SINCE                                WHY',
    'base     stopped  2026-11-25 03:00:00 UTC (1 min ago)  a reorg of 40 blocks',
    '',
    'Lanes that do not sign',
    'NETWORK  SIGNER                                      STATE       NEXT NONCE',
    `base     0x${'aa'.repeat(20)}  quarantine           8`,
    '  pending 0 · not final 0 · since 2026-11-25 03:00:00 UTC (1 min ago)',
    '  why restored',
  ]);
});
