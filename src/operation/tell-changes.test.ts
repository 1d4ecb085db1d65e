import { describe, expect, test } from 'vitest';
import type { CommitReport, StreamFacts } from '../event-store/ledger.ts';
import { recordingLog } from '../telemetry/log.ts';
import { operationChanges } from './operation-change.ts';
import { createOperationTeller } from './tell-changes.ts';

const HASH = `0x${'ab'.repeat(32)}`;

const facts = (version: number, sinceMs: number): StreamFacts => ({
  id: 'one',
  version,
  createdMs: 0,
  updatedMs: 5_000,
  sinceMs,
});

interface Step {
  readonly kind?: string;
  readonly from?: string;
  readonly to: string;
  readonly waitedFor?: string;
  readonly waitingFor?: string;
  readonly reason?: string;
  readonly ended?: boolean;
}

function report(step: Step, metadata: Partial<CommitReport['metadata']> = {}): CommitReport {
  const row = (state: string, waitingFor: string | undefined) => ({
    table: 'operation',
    row: {
      kind: step.kind ?? 'mint',
      state,
      waiting_for: waitingFor ?? null,
      underlying: 'AAPL',
      network: 'base',
      tx_hash: null,
      reason: step.reason ?? null,
    },
  });
  const work = step.ended === true ? [] : [{ table: 'work', row: { id: 'one' } }];
  return {
    timeMs: 5_000,
    metadata: { actor: 'engine', ...metadata },
    changes: [
      {
        category: step.kind ?? 'mint',
        id: 'one',
        events: [],
        facts: facts(3, 5_000),
        factsBefore: step.from === undefined ? null : facts(2, 1_000),
        before: step.from === undefined ? [] : [row(step.from, step.waitedFor)],
        after: [row(step.to, step.waitingFor), ...work],
      },
      // What is no operation has no line here.
      { category: 'lane', id: 'l', events: [], facts: facts(1, 0), factsBefore: null, before: [], after: [] },
    ],
  };
}

function told(...reports: readonly CommitReport[]) {
  const log = recordingLog();
  const tell = createOperationTeller(log);
  for (const it of reports) tell(it);
  return log.entries;
}

describe('the teller of operations', () => {
  test('a step is one line at info, with ids, states, and the transaction behind it', () => {
    const step = { from: 'journaled', to: 'submitted', waitingFor: 'transaction' };
    expect(told(report(step, { causation: HASH }))).toEqual([
      {
        level: 'info',
        message: 'mint submitted',
        fields: {
          operation: 'one',
          kind: 'mint',
          from: 'journaled',
          to: 'submitted',
          waiting_for: 'transaction',
          underlying: 'AAPL',
          network: 'base',
          tx_hash: HASH,
          reason: null,
          actor: 'engine',
          cause: null,
          version: 3,
        },
      },
    ]);
  });

  test('the beginning names the request that caused it', () => {
    const [line] = told(report({ to: 'requested' }, { actor: 'alpaca', causation: 'request-1' }));
    expect(line?.fields).toMatchObject({ from: null, to: 'requested', actor: 'alpaca', cause: 'request-1' });
  });

  test('what comes to wait for a person is told of at error, with why', () => {
    const lines = told(
      report({ from: 'requested', to: 'held', reason: 'two answers' }),
      report({ kind: 'redemption', from: 'detected', to: 'held', reason: 'another quantity' }),
      report({ kind: 'redemption', from: 'requested', to: 'rejected', reason: 'no shares', ended: true }),
      report({ from: 'requested', to: 'rejected', reason: 'no shares', ended: true }),
    );
    expect(lines.map(({ level, fields }) => [level, fields['to'], fields['reason']])).toEqual([
      ['error', 'held', 'two answers'],
      ['error', 'held', 'another quantity'],
      ['error', 'rejected', 'no shares'],
      ['info', 'rejected', 'no shares'],
    ]);
  });

  test('the reason of whoever acted stands where the operation has none', () => {
    const [line] = told(
      report({ from: 'held', to: 'requested' }, { actor: 'alice', reason: 'looked it up' }),
    );
    expect(line?.fields).toMatchObject({ actor: 'alice', reason: 'looked it up' });
  });

  test('another wait in the same state is a line, an event that changes neither is none', () => {
    const lines = told(
      report({ kind: 'redemption', from: 'detected', to: 'detected', waitingFor: 'wallet_unknown' }),
      report({ from: 'held', to: 'held', waitedFor: 'operator', waitingFor: 'operator' }),
    );
    expect(lines.map((it) => it.message)).toEqual(['redemption waits']);
  });
});

test('a change tells how long the state before it lasted, and whether the operation has ended', () => {
  const [change] = operationChanges(report({ from: 'minted', to: 'completed', ended: true }));
  expect(change).toMatchObject({ inStateMs: 4_000, ended: true, kind: 'mint', from: 'minted' });
  expect(operationChanges(report({ to: 'requested' }))[0]).toMatchObject({ inStateMs: null, ended: false });
});
