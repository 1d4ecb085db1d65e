import { expect, test } from 'vitest';
import { anyKind, createLedger } from '../event-store/create-ledger.ts';
import { change, type Ledger, type StreamKind } from '../event-store/ledger.ts';
import type { OperationFields } from './operation-row.ts';
import { OPERATION_TABLE, operationRow } from './operation-row.ts';
import { countOperations } from './operation-counts.ts';
import { openTestLedger } from './test-ledger.ts';

type State = { readonly state: string };
type Moved = { readonly type: 'moved'; readonly data: { readonly to: string } };

const NOTHING = {
  reason: null,
  underlying: null,
  token: null,
  network: null,
  chainId: null,
  vault: null,
  wallet: null,
  clientId: null,
  quantity: null,
  shares: null,
  burned: null,
  dust: null,
  transactionHash: null,
  receiptId: null,
  tokenizationRequestId: null,
} satisfies Partial<OperationFields>;

const kindOf = (kind: 'mint' | 'redemption'): StreamKind<State, Moved> => ({
  category: kind,
  initialState: { state: 'none' },
  evolve: (_state, event) => ({ state: event.data.to }),
  phase: ({ state }) => state,
  rows: ({ state }, facts) => [operationRow({ ...NOTHING, kind, state, next: { kind: 'none' } }, facts)],
});

const KINDS = { mint: kindOf('mint'), redemption: kindOf('redemption') };

async function move(ledger: Ledger, kind: 'mint' | 'redemption', id: string, to: string): Promise<void> {
  const loaded = await ledger.load(KINDS[kind], id);
  const events = [{ type: 'moved', data: { to } } as const];
  await ledger.commit({ changes: [change(KINDS[kind], loaded, events)], metadata: { actor: 'test' } });
}

test('what is there is counted once, and every later commit moves the counts', async () => {
  const kinds = [anyKind(KINDS.mint), anyKind(KINDS.redemption)];
  const { store, ledger } = await openTestLedger(kinds);
  for (const id of ['1', '2', '3']) await move(ledger, 'mint', id, 'requested');
  await move(ledger, 'mint', '3', 'completed');
  await move(ledger, 'redemption', '4', 'completed');

  const counts = await countOperations(store);
  const told = () => Object.fromEntries(counts.states().map((it) => [`${it.kind} ${it.state}`, it.count]));
  expect(told()).toEqual({ 'mint requested': 2, 'mint completed': 1, 'redemption completed': 1 });

  const watched = createLedger(store, { kinds, tables: [OPERATION_TABLE] }, counts.onCommitted);
  await move(watched, 'mint', '1', 'held');
  await move(watched, 'mint', '5', 'requested');
  await move(watched, 'mint', '2', 'requested');
  expect(told()).toEqual({
    'mint requested': 2,
    'mint held': 1,
    'mint completed': 1,
    'redemption completed': 1,
  });
});
