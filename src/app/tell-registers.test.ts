import { expect, test } from 'vitest';
import type { CommitReport, DomainEvent } from '../event-store/ledger.ts';
import { recordingLog } from '../telemetry/log.ts';
import { createRegisterTeller } from './tell-registers.ts';

function told(category: string, id: string, ...events: readonly DomainEvent[]) {
  const facts = { id, version: 3, createdMs: 0, updatedMs: 5_000, sinceMs: 0 };
  const report: CommitReport = {
    timeMs: 5_000,
    metadata: { actor: 'ana', reason: 'why not', causation: 'request-1' },
    changes: [{ category, id, facts, factsBefore: null, before: [], after: [], events }],
  };
  const log = recordingLog();
  createRegisterTeller(log)(report);
  return log.entries;
}

test.each<[string, string, DomainEvent, string, object]>([
  [
    'account',
    'client-1',
    { type: 'AccountRegistered', data: { email: 'ap@b.example', alpacaAccountId: 'a-1' } },
    'account registered',
    { account: 'client-1', alpaca_account: 'a-1' },
  ],
  [
    'account',
    'client-1',
    { type: 'WalletRemoved', data: { wallet: '0xaa', atMs: 1 } },
    'wallet removed',
    { account: 'client-1', wallet: '0xaa' },
  ],
  ['asset', 'base/AAPL', { type: 'AssetDisabled', data: {} }, 'asset disabled', { asset: 'base/AAPL' }],
  [
    'asset',
    'base/AAPL',
    { type: 'AssetVaultChanged', data: { vault: '0xee', receipt: '0xff' } },
    'asset points to another vault',
    { asset: 'base/AAPL', vault: '0xee' },
  ],
  [
    'underlying',
    'AAPL',
    {
      type: 'HoldPlaced',
      data: { holdId: 'h-1', owner: 'desk', scope: 'all', fromMs: null, untilMs: 0, placedMs: 0 },
    },
    'hold placed',
    {
      underlying: 'AAPL',
      hold: 'h-1',
      owner: 'desk',
      scope: 'all',
      from: null,
      until: '1970-01-01T00:00:00.000Z',
    },
  ],
])('%s %s: %j is one line', (category, id, event, message, fields) => {
  const who = { actor: 'ana', reason: 'why not', cause: 'request-1', version: 3 };
  expect(told(category, id, event)).toEqual([{ level: 'info', message, fields: { ...fields, ...who } }]);
});

test('no line names an email, and what is told of elsewhere has none', () => {
  const registered = { type: 'AccountRegistered', data: { email: 'ap@b.example', alpacaAccountId: null } };
  expect(JSON.stringify(told('account', 'client-1', registered))).not.toContain('ap@b.example');
  expect(told('mint', 'one', { type: 'MintRequested', data: {} })).toEqual([]);
});
