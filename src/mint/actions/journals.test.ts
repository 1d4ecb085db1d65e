import { describe, expect, test } from 'vitest';
import type { ShareJournal } from '../../alpaca/types.ts';
import { change } from '../../event-store/ledger.ts';
import { notFound, record } from '../../operation/test-ledger.ts';
import { decideMint } from '../decide.ts';
import { mintKind } from '../mint-kind.ts';
import {
  closed,
  completed,
  held,
  id,
  journaled,
  minted,
  rejected,
  requested,
  submitted,
  terms,
} from '../samples.ts';
import type { MintEvent } from '../state.ts';
import { openActions } from './test-actions.ts';

/** One journal stands for one mint, whichever way it came to stand for it. */

const OTHER = '6b0f0b2e-0000-5000-8000-000000000002';
const THIRD = '6b0f0b2e-0000-5000-8000-000000000003';
const journal = (journalId: string): ShareJournal => ({
  id: journalId,
  symbol: 'AAPL',
  quantity: terms.quantity,
  status: 'executed',
  fromAccount: 'ap',
  toAccount: 'our-account',
});
const contradicted: MintEvent = {
  type: 'ConfirmContradicted',
  data: { status: 'rejected', issuerRequestId: id, reason: null, why: 'x' },
};
const named: MintEvent = {
  type: 'JournalCompleted',
  data: { lane: '8453/0x01', evidence: { journalId: 'jnl-1', found: [] } },
};

async function open(...events: readonly MintEvent[]) {
  const opened = await openActions(...events);
  const { ledger } = opened;
  /** Another mint of the same share and quantity. */
  const other = async (otherId: string, ...its: readonly MintEvent[]): Promise<void> => {
    const loaded = await ledger.load(mintKind, otherId);
    await ledger.commit({ changes: [change(mintKind, loaded, its)], metadata: { actor: 'test' } });
  };
  const recover = (journalId: string) => opened.act('recover', { evidence: [journalId] });
  const state = async () => (await ledger.load(mintKind, id)).state;
  return { ...opened, other, recover, state };
}

describe.each([
  ['that waits for its confirm', [requested]],
  ['that Alpaca contradicted', [requested, journaled, contradicted, held]],
] as const)('the journal of a mint %s', (_name, events) => {
  test.each([
    ['was confirmed and minted', [requested, journaled, submitted, minted, completed]],
    ['was confirmed', [requested, journaled]],
    ['was closed after it was confirmed', [requested, journaled, closed]],
    ['waits for its confirm too', [requested]],
  ] as const)('may be that of another one that %s', async (_other, others) => {
    const { other, recover, alpaca, types } = await open(...events);
    await other(OTHER, ...others);
    alpaca.journals = [journal('jnl-1')];
    await expect(recover('jnl-1')).rejects.toThrow(
      `Alpaca lists 1 executed journals of 5 AAPL since 1969-12-30, which other mints stand on or may come to (`,
    );
    await expect(recover('jnl-1')).rejects.toThrow(`(${OTHER})`);
    expect(await types()).toHaveLength(events.length);
    alpaca.journals = [journal('jnl-1'), journal('jnl-2')];
    expect(await recover('jnl-2')).toMatchObject({ changed: true });
  });

  test.each([
    ['was rejected', [requested, rejected]],
    ['was closed before any confirm', [requested, closed]],
    ['is of another quantity', [{ ...requested, data: { ...requested.data, quantity: 1n } } as MintEvent]],
    ['is of another share', [{ ...requested, data: { ...requested.data, underlying: 'TSLA' } } as MintEvent]],
  ] as const)('is not that of another one that %s', async (_other, others) => {
    const { other, recover, alpaca, state } = await open(...events);
    await other(OTHER, ...others);
    alpaca.journals = [journal('jnl-1')];
    expect(await recover('jnl-1')).toMatchObject({ changed: true });
    expect(await state()).toMatchObject({ kind: 'journaled', mint: { journalId: 'jnl-1' } });
  });

  test('is refused when it was named for another one, which in turn takes no second', async () => {
    const { other, recover, alpaca, types } = await open(...events);
    await other(OTHER, requested, named);
    alpaca.journals = [journal('jnl-1'), journal('jnl-2')];
    await expect(recover('jnl-1')).rejects.toThrow(/named for another mint already/);
    expect(await types()).toHaveLength(events.length);
    expect(await recover('jnl-2')).toMatchObject({ changed: true });
  });

  test('can be claimed by one only, even at the same moment', async () => {
    const { other, ledger } = await open(...events);
    await other(THIRD, requested, named);
    const loaded = await ledger.load(mintKind, id);
    const both: readonly MintEvent[] =
      loaded.state.kind === 'held'
        ? decideMint({ type: 'resume', journalId: 'jnl-1' }, loaded.state)
        : [named];
    const commit = ledger.commit({ changes: [change(mintKind, loaded, both)], metadata: { actor: 'test' } });
    await expect(commit).rejects.toThrow(/journal_evidence/);
  });
});

test('a recovery by a journal whose answer was lost is answered as done, whatever version it expects', async () => {
  const { act, alpaca, types } = await open(requested);
  alpaca.journals = [journal('jnl-1')];
  const call = { evidence: ['jnl-1'], expected: 1 };
  expect(await act('recover', call)).toMatchObject({ changed: true });
  expect(await act('recover', call)).toMatchObject({ outcome: 'done', changed: false });
  expect(await types()).toEqual(['MintRequested', 'JournalCompleted']);
  await expect(act('recover', { evidence: ['jnl-2'], expected: 1 })).rejects.toThrow(
    /at version 2, not at 1/,
  );
});

test('a mint that stands on a journal by name takes no other when it is held again', async () => {
  const { recover, alpaca } = await open(requested, named, contradicted, held);
  alpaca.journals = [journal('jnl-1'), journal('jnl-2')];
  await expect(recover('jnl-2')).rejects.toThrow(/jnl-1 was named for it before/);
  expect(await recover('jnl-1')).toMatchObject({ changed: true });
});

test('a request that Alpaca has as completed without a transaction is not minted, whatever the evidence', async () => {
  const { act, alpaca, types } = await open(requested);
  alpaca.request = record({ tokenizationRequestId: 'tkr-1', status: 'completed' });
  alpaca.journals = [journal('jnl-1')];
  for (const evidence of [[], ['jnl-1']]) {
    await expect(act('recover', { evidence })).rejects.toThrow(
      /names no transaction: it is not minted again/,
    );
  }
  expect(await types()).toEqual(['MintRequested']);
});

test('a journal is no evidence for a request that Alpaca does not know', async () => {
  const { recover, alpaca } = await open(requested);
  alpaca.request = notFound;
  alpaca.journals = [journal('jnl-1')];
  await expect(recover('jnl-1')).rejects.toThrow(/what Alpaca does not know is not minted/);
});
