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
    moves: [
      {
        network: 'base',
        move_id: '0d5f3c2e-0000-4000-8000-000000000001',
        from: `0x${'aa'.repeat(20)}`,
        to: `0x${'bb'.repeat(20)}`,
        phase: 'revoking',
        since: '2026-11-24T03:00:00.000Z',
        waiting_for: 'DEPOSIT to be revoked',
        last_error: null,
        next_attempt_at: '2026-11-25T03:01:05.000Z',
      },
    ],
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
    '',
    'Moves to another key that take long (issuer custody status)',
    'NETWORK  TO                                          PHASE',
    `base     0x${'bb'.repeat(20)}  revoking`,
    '  since 2026-11-24 03:00:00 UTC (24 h ago) · waits for DEPOSIT to be revoked',
    '  next attempt 2026-11-25 03:01:05 UTC (in 5 s)',
  ]);
});
