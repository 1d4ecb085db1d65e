import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { accountKind, decideAccount } from '../account/account.ts';
import { createAccounts } from '../account/accounts.ts';
import { assetId, assetKind, decideAsset } from '../asset/asset.ts';
import { createAssets } from '../asset/assets.ts';
import { createHolds } from '../asset/holds.ts';
import { decideUnderlying } from '../asset/underlying.ts';
import { underlyingKind } from '../asset/underlying-kind.ts';
import { WORK_TABLE } from '../engine/work.ts';
import { anyKind, createLedger } from '../event-store/create-ledger.ts';
import type { StoredEvent, UpTo } from '../event-store/event-store.ts';
import { foldStream } from '../event-store/fold.ts';
import { change } from '../event-store/ledger.ts';
import type { DomainEvent, StreamKind } from '../event-store/ledger.ts';
import { IN_MEMORY, openSqliteStore } from '../event-store/sqlite/open-sqlite-store.ts';
import { decideMint } from '../mint/decide.ts';
import { mintKind } from '../mint/mint-kind.ts';
import type { MintEvent } from '../mint/state.ts';
import { id as MINT, requested, terms } from '../mint/samples.ts';
import { OPERATION_TABLE } from '../operation/operation-row.ts';
import { createOperations } from '../operation/operations.ts';
import { noHindrances } from '../operation/hindrance.ts';
import { operationView } from '../operation/operation-view.ts';
import { systemRandom, systemTimers } from '../ports/system.ts';
import { IssuanceError } from '../primitives/failures.ts';
import { createInventory } from '../receipt/inventory.ts';
import { decideReceipt } from '../receipt/receipt.ts';
import type { ReceiptCommand } from '../receipt/receipt.ts';
import { receiptKind, receiptStreamId, RECEIPT_TABLE } from '../receipt/receipt-kind.ts';
import { decideRedemption } from '../redemption/decide.ts';
import type { RedemptionCommand } from '../redemption/decide.ts';
import { redemptionKind } from '../redemption/redemption-kind.ts';
import { transfer, TOKEN, VAULT } from '../redemption/samples.ts';
import { createPastBooks } from './past-books.ts';
import { SCHEMA } from './schema.ts';

const START_MS = Date.UTC(2026, 10, 20);
const WALLET = '0x00000000000000000000000000000000000000aa';
const MINTS = [MINT, '6b0f0b2e-0000-5000-8000-000000000002', '6b0f0b2e-0000-5000-8000-000000000003'];
const REDEMPTIONS = ['6b0f0b2e-0000-5000-8000-00000000000a', '6b0f0b2e-0000-5000-8000-00000000000b'];
const CLIENT = '6b0f0b2e-0000-4000-8000-00000000000c';
const OPERATIONS = [anyKind(mintKind), anyKind(redemptionKind)];
const why = 'why';

/** One thing that may happen: what it makes of a stream, or nothing where it does not fit. */
interface Step {
  readonly kind: StreamKind<unknown, DomainEvent>;
  readonly id: string;
  readonly decide: (state: never, nowMs: number) => readonly DomainEvent[];
}

const step = <State, Event extends DomainEvent>(
  kind: StreamKind<State, Event>,
  id: string,
  decide: (state: State, nowMs: number) => readonly Event[],
): Step => ({ kind: anyKind(kind), id, decide });

const aMint = fc
  .record({
    id: fc.constantFrom(...MINTS),
    command: fc.constantFrom(
      { type: 'submit', transactionId: 'tx-1' },
      { type: 'release', transactionId: 'tx-1', why, alone: false },
      { type: 'unsettle', transactionId: 'tx-1', why },
      { type: 'hold', why },
      { type: 'resume' },
      { type: 'close', why, isLive: false },
      { type: 'completeCallback', transactionHash: '0x7a' },
      'request',
      'journal',
    ) as fc.Arbitrary<Parameters<typeof decideMint>[0] | 'request' | 'journal'>,
  })
  .map(({ id, command }) =>
    step(mintKind, id, (state): readonly MintEvent[] => {
      if (command === 'request') return state.kind === 'none' ? [requested] : [];
      if (command !== 'journal') return decideMint(command, state);
      const lane = `${String(terms.chainId)}/0x01`;
      return state.kind === 'requested' ? [{ type: 'JournalCompleted', data: { lane } }] : [];
    }),
  );

const detect: RedemptionCommand = {
  type: 'detect',
  transfer,
  fromOurselves: false,
  isHistoric: false,
  clientId: 'client-1',
  splits: null,
};
const aRedemption = fc
  .record({
    id: fc.constantFrom(...REDEMPTIONS),
    command: fc.constantFrom<RedemptionCommand>(
      detect,
      { type: 'wait', for: 'receipts_short' },
      { type: 'promise', idempotencyKey: 'k', body: '{}' },
      { type: 'request', tokenizationRequestId: 'tkr-1', mismatch: null },
      { type: 'journal', fees: null, mismatch: null },
      { type: 'reject', reason: null },
      { type: 'hold', why },
      { type: 'resume' },
      { type: 'close', why, isLive: false },
    ),
  })
  .map(({ id, command }) => step(redemptionKind, id, (state) => decideRedemption(command, state)));

const aReceipt = fc
  .record({
    receiptId: fc.constantFrom(1n, 2n, 3n),
    command: fc.oneof(
      fc.bigInt(0n, 3n).map((balance): ReceiptCommand => ({
        type: 'read',
        reading: { holder: WALLET, balance: balance * TOKEN, blockNumber: 1n, blockHash: '0xb1' },
      })),
      fc.constant<ReceiptCommand>({ type: 'move', transactionHash: '0x7c', blockNumber: 1n }),
      fc.constant<ReceiptCommand>({ type: 'reserve', redemptionId: 'r', shares: TOKEN, transactionId: 't' }),
      fc.constant<ReceiptCommand>({ type: 'release', redemptionId: 'r', shares: TOKEN, why }),
    ),
  })
  .map(({ receiptId, command }) =>
    step(receiptKind, receiptStreamId(transfer.chainId, VAULT, receiptId), (state) =>
      decideReceipt(command, state),
    ),
  );

const register = { type: 'register', email: 'desk@participant.example', alpacaAccountId: null } as const;
const anAccount = fc.constantFrom('register', 'link', 'addWallet', 'removeWallet').map((type) =>
  step(accountKind, CLIENT, (state, nowMs) => {
    if (type === 'register') return state.kind === 'none' ? decideAccount(register, state) : [];
    if (type === 'link') return decideAccount({ type, accountNumber: '9200001' }, state);
    return decideAccount({ type, wallet: WALLET, nowMs }, state);
  }),
);

const asset = { underlying: 'AAPL', network: 'base', token: 'tAAPL', chainId: transfer.chainId } as const;
const anAsset = fc
  .oneof(
    fc
      .constantFrom(VAULT, '0x00000000000000000000000000000000000000dd' as const)
      .map((vault) => ({ type: 'point', ...asset, vault, receipt: WALLET }) as const),
    fc.constantFrom({ type: 'enable' } as const, { type: 'disable' } as const),
  )
  .map((command) => step(assetKind, assetId('AAPL', 'base'), (state) => decideAsset(command, state)));

const aHold = fc
  .record({
    holdId: fc.constantFrom('h-1', 'h-2'),
    scope: fc.constantFrom('new', 'all'),
    lifts: fc.boolean(),
  })
  .chain((hold) => fc.record({ hold: fc.constant(hold), from: fc.nat(20), until: fc.nat(20) }))
  .map(({ hold: { holdId, scope, lifts }, from, until }) =>
    step(underlyingKind, 'AAPL', (state, nowMs) => {
      if (lifts) {
        return decideUnderlying(
          { type: 'lift', holdId, lifting: { liftedMs: nowMs, liftedBy: 'ana', reason: null } },
          state,
        );
      }
      const window = { fromMs: nowMs + from, untilMs: nowMs + from + until };
      const placed = { placedMs: nowMs, placedBy: 'ana', owner: 'ana', reason: why };
      return decideUnderlying({ type: 'place', hold: { holdId, scope, ...window, ...placed } }, state);
    }),
  );

const steps = fc.array(
  fc.record({ step: fc.oneof(aMint, aRedemption, aReceipt, anAccount, anAsset, aHold), pauseMs: fc.nat(2) }),
  { minLength: 10, maxLength: 60 },
);

async function open() {
  let nowMs = START_MS;
  const clock = { nowMs: () => nowMs };
  const store = await openSqliteStore({
    path: IN_MEMORY,
    tables: SCHEMA.tables,
    clock,
    timers: systemTimers,
    onFatal: (error) => {
      throw error;
    },
  });
  const ledger = createLedger(store, SCHEMA);
  const silent = { debug() {}, info() {}, warn() {}, error() {}, child: () => silent };
  const ports = { ledger, store, clock, random: systemRandom };
  const refuse = (): never => {
    throw new Error('nothing is changed');
  };
  const assets = createAssets({ ...ports, readVault: refuse });
  return {
    store,
    ledger,
    clock,
    assets,
    operations: createOperations({
      ...ports,
      kinds: OPERATIONS,
      mintIds: async () => [],
      hindrances: noHindrances,
    }),
    accounts: createAccounts({ ...ports, reservedAddress: refuse }),
    holds: createHolds(ports),
    inventory: createInventory({ ledger, store, log: silent }),
    past: createPastBooks({ ...ports, assets }),
    pass: (ms: number) => {
      nowMs += ms;
    },
  };
}

type World = Awaited<ReturnType<typeof open>>;

async function happen({ ledger, clock }: World, { kind, id, decide }: Step): Promise<void> {
  const loaded = await ledger.load(kind, id);
  let events: readonly DomainEvent[];
  try {
    events = decide(loaded.state as never, clock.nowMs());
  } catch (error) {
    if (error instanceof IssuanceError) return;
    throw error;
  }
  if (events.length === 0) return;
  await ledger.commit({ changes: [change(kind, loaded, events)], metadata: { actor: 'test' } });
}

/** The state of a stream from a plain replay of the whole log up to the point. */
function replayed<State, Event extends DomainEvent>(
  log: readonly StoredEvent[],
  kind: StreamKind<State, Event>,
  id: string,
) {
  const { state, facts } = foldStream(
    kind,
    id,
    log.filter((it) => it.stream === `${kind.category}/${id}`),
  );
  return { state, rows: facts === null ? [] : kind.rows(state, facts) };
}

const before = (log: readonly StoredEvent[], { position, timeMs }: UpTo): readonly StoredEvent[] =>
  log.filter((it) => it.position <= (position ?? Infinity) && it.timeMs <= (timeMs ?? Infinity));

async function compare(world: World, all: readonly StoredEvent[], upTo: UpTo): Promise<void> {
  const { operations, accounts, assets, holds, inventory, past } = world;
  const log = before(all, upTo);
  const shown = [
    ...MINTS.map((id) => [mintKind, id]),
    ...REDEMPTIONS.map((id) => [redemptionKind, id]),
  ] as const;
  const open_: { view: ReturnType<typeof operationView>; promised: bigint }[] = [];
  for (const [kind, id] of shown) {
    const { rows } = replayed(log, anyKind(kind as never), id as string);
    const row = rows.find((it) => it.table === OPERATION_TABLE.name)?.row;
    const view = row === undefined ? null : operationView(row, null);
    expect(await operations.get(id as string, upTo)).toEqual(view);
    const promise = rows.find((it) => it.table === 'promise')?.row['shares'] ?? 0n;
    const isOpen = rows.some((it) => it.table === WORK_TABLE.name);
    if (view !== null && isOpen) open_.push({ view, promised: promise as bigint });
  }
  const listed: unknown[] = [];
  for (let cursor: string | null | undefined; cursor !== null;) {
    const page = { limit: 2, ...(cursor === undefined ? {} : { cursor }) };
    const { items, nextCursor } = await operations.listOpen({}, page, upTo);
    listed.push(...items);
    cursor = nextCursor;
  }
  expect(new Set(listed)).toEqual(new Set(open_.map((it) => it.view)));
  expect(listed).toHaveLength(open_.length);
  const promised = (await past.promised(upTo))?.get(`${String(transfer.chainId)}/${VAULT}`) ?? 0n;
  expect(promised).toBe(open_.reduce((sum, it) => sum + it.promised, 0n));

  const account = replayed(log, accountKind, CLIENT);
  const row = account.rows.find((it) => it.table === 'account')?.row;
  const wallets = account.rows.flatMap((it) => (it.table === 'wallet' ? [it.row['wallet']] : []));
  expect(await accounts.get(CLIENT, upTo)).toEqual(
    row === undefined
      ? null
      : {
          clientId: CLIENT,
          email: row['email'],
          alpacaAccountId: row['alpaca_account_id'],
          accountNumber: row['account_number'],
          wallets,
          createdMs: row['created_ms'],
        },
  );
  const { state } = replayed(log, assetKind, assetId('AAPL', 'base'));
  expect((await assets.get('AAPL', 'base', upTo))?.vault).toBe(
    state.kind === 'none' ? undefined : state.current.vault,
  );
  const { state: frozen } = replayed(log, underlyingKind, 'AAPL');
  // An underlying without an asset has no list of holds.
  const isKnown = (await assets.get('AAPL', 'base')) !== null;
  const listedHolds = isKnown ? (await holds.list('AAPL', upTo)).holds : frozen.holds;
  const facts = listedHolds.map((it) => ({ ...it, status: undefined }));
  expect(facts).toEqual(frozen.holds.map((it) => ({ ...it, status: undefined })));
  const place = { chainId: transfer.chainId, vault: VAULT } as const;
  const { items } = await inventory.listThen([place], upTo, { limit: 10, after: null });
  const kept = [1n, 2n, 3n].flatMap((receiptId) => {
    const { rows } = replayed(log, receiptKind, receiptStreamId(place.chainId, VAULT, receiptId));
    const receipt = rows.find((it) => it.table === RECEIPT_TABLE.name)?.row;
    const counts = receipt?.['in_use'] === true || receipt?.['reading_due'] === true;
    return counts ? [{ receiptId, balance: receipt['balance'], reserved: receipt['reserved'] }] : [];
  });
  expect(items).toMatchObject([{ receipts: kept }]);
}

test('what is shown of any moment or position is what a replay of the log up to it gives', async () => {
  const counts = { compared: 0 };
  await fc.assert(
    fc.asyncProperty(steps, fc.array(fc.nat(), { minLength: 4, maxLength: 4 }), async (happening, points) => {
      const world = await open();
      try {
        for (const { step: next, pauseMs } of happening) {
          world.pass(pauseMs);
          await happen(world, next);
        }
        const all = await world.store.readAll({ after: 0, limit: 10_000 });
        const last = await world.store.lastPosition();
        for (const point of points) {
          const position = 1 + (point % (last + 2));
          const timeMs = START_MS + (point % (world.clock.nowMs() - START_MS + 2));
          await compare(world, all, { position });
          await compare(world, all, { timeMs });
          await compare(world, all, { position, timeMs });
          counts.compared += 1;
        }
      } finally {
        await world.store.close();
      }
    }),
    { numRuns: 40 },
  );
  expect(counts.compared).toBeGreaterThan(100);
});
