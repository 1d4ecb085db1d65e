import { describe, expect, onTestFinished, test } from 'vitest';
import { createEngine } from '../engine/engine.ts';
import type { StepResult, Worker, WorkRow } from '../engine/work.ts';
import { readWorkRow, WORK_TABLE, workRow } from '../engine/work.ts';
import { anyKind, createLedger } from '../event-store/create-ledger.ts';
import type { StreamKind } from '../event-store/ledger.ts';
import { change } from '../event-store/ledger.ts';
import { IN_MEMORY, openSqliteStore } from '../event-store/sqlite/open-sqlite-store.ts';
import { createManualPorts } from '../ports/manual-ports.ts';
import { silentLog } from '../telemetry/log.ts';
import { ASSET_TABLE, assetId, assetKind, VAULT_TABLE } from './asset.ts';
import { createFreezeWorker } from './freeze-worker.ts';
import type { NewHold } from './holds.ts';
import { createHolds } from './holds.ts';
import { HOLD_TABLE, underlyingKind } from './underlying-kind.ts';

const OPERATOR = { actor: 'ana' };
const vault = '0x0000000000000000000000000000000000000001';
const hold: NewHold = { owner: 'ops', reason: 'split', scope: 'new', fromMs: null, untilMs: null };

/** Stand-ins for redemptions: each event makes one that waits for the end of a freeze, and a second lets it go on. */
type WaitEvent = { type: 'Waited' | 'Went'; data: { underlying: string } };
type WaitState = { readonly kind: 'none' | 'waits' | 'gone'; readonly underlying: string };
const waiting: StreamKind<WaitState, WaitEvent> = {
  category: 'redemption',
  initialState: { kind: 'none', underlying: '' },
  evolve: (_state, { type, data }) => ({
    kind: type === 'Waited' ? 'waits' : 'gone',
    underlying: data.underlying,
  }),
  phase: () => 'detected',
  rows: ({ kind, underlying }, facts) =>
    kind === 'gone'
      ? []
      : workRow(
          {
            kind: 'redemption',
            phase: 'detected',
            next: { kind: 'wait', for: 'frozen', recheckMs: 240_000 },
            underlying,
          },
          facts,
        ),
};

async function open() {
  const ports = createManualPorts();
  const { clock, timers, random } = ports;
  const tables = [ASSET_TABLE, VAULT_TABLE, HOLD_TABLE, WORK_TABLE];
  const store = await openSqliteStore({
    path: IN_MEMORY,
    tables,
    clock,
    timers,
    onFatal: (error) => {
      throw error;
    },
  });
  const kinds = [anyKind(assetKind), anyKind(underlyingKind), anyKind(waiting)];
  const ledger = createLedger(store, { kinds, tables });
  const data = { network: 'base', token: 'tAAPL', chainId: 8453, vault, receipt: vault } as const;
  const added = { type: 'AssetAdded', data: { underlying: 'AAPL', ...data } } as const;
  const loaded = await ledger.load(assetKind, assetId('AAPL', 'base'));
  await settled(ledger.commit({ changes: [change(assetKind, loaded, [added])], metadata: OPERATOR }));
  const holds = createHolds({ ledger, store, clock, random });
  const woken: string[] = [];
  const wake = (ids: readonly string[]) => void woken.push(...ids);
  const worker = createFreezeWorker({ holds, store, clock, log: silentLog, wake });
  const gone: string[] = [];
  const redemptions: Worker = {
    kind: 'redemption',
    concurrency: 1,
    async step(row): Promise<StepResult> {
      const { scope } = await holds.present(row.underlying ?? '');
      if (scope !== 'none') return { kind: 'later', delayMs: 240_000 };
      gone.push(row.id);
      const before = await ledger.load(waiting, row.id);
      const went = { type: 'Went', data: { underlying: row.underlying ?? '' } } as const;
      await ledger.commit({ changes: [change(waiting, before, [went])], metadata: OPERATOR });
      return { kind: 'advanced' };
    },
  };
  const engine = createEngine({ ...ports, store, log: silentLog, workers: [worker, redemptions] });
  engine.start();
  onTestFinished(async () => {
    await settled(engine.stop());
    await settled(store.close());
  });

  /** Awaits what needs deferred tasks to run; the manual ports run them in real turns. */
  async function settled<T>(promise: Promise<T>): Promise<T> {
    await ports.settle();
    return promise;
  }
  const addWaiting = async (id: string, underlying = 'AAPL'): Promise<void> => {
    const before = await ledger.load(waiting, id);
    const waited = { type: 'Waited', data: { underlying } } as const;
    await settled(ledger.commit({ changes: [change(waiting, before, [waited])], metadata: OPERATOR }));
    await ports.advance(1);
  };
  const rows = async (): Promise<readonly WorkRow[]> =>
    (await store.find({ table: WORK_TABLE.name, limit: 100 })).map(readWorkRow);
  return { ports, holds, gone, woken, store, settled, addWaiting, rows };
}

describe('what waits for the end of a freeze', () => {
  test('goes on as soon as the last hold is lifted, oldest first, and not before', async () => {
    const { holds, gone, addWaiting, ports, settled } = await open();
    const first = await settled(holds.place('AAPL', hold, OPERATOR));
    const second = await settled(holds.place('AAPL', { ...hold, owner: 'compliance' }, OPERATOR));
    const ids = ['c', 'a', 'd', 'b'];
    for (const id of ids) await addWaiting(id);
    await settled(holds.lift('AAPL', first, OPERATOR));
    await ports.advance(10_000);
    expect(gone).toEqual([]);
    await settled(holds.lift('AAPL', second, OPERATOR));
    await ports.advance(100);
    expect(gone).toEqual(ids);
  });

  test('goes on when the window ends, though nothing commits then', async () => {
    const { holds, gone, addWaiting, ports, settled } = await open();
    const untilMs = ports.clock.nowMs() + 90_000;
    await settled(holds.place('AAPL', { ...hold, untilMs }, OPERATOR));
    await addWaiting('a');
    await ports.advance(untilMs - ports.clock.nowMs() - 1);
    expect(gone).toEqual([]);
    await ports.advance(5);
    expect(gone).toEqual(['a']);
  });

  test('goes on when the clock jumps past the end of the window', async () => {
    const { holds, gone, addWaiting, ports, settled } = await open();
    const untilMs = ports.clock.nowMs() + 86_400_000;
    await settled(holds.place('AAPL', { ...hold, untilMs }, OPERATOR));
    await addWaiting('a');
    await ports.advance(10_000);
    ports.setClock(untilMs);
    await ports.advance(1_100);
    expect(gone).toEqual(['a']);
  });

  test('waits on when the clock is set back before the end, and goes on at it', async () => {
    const { holds, gone, addWaiting, ports, settled } = await open();
    const untilMs = ports.clock.nowMs() + 60_000;
    await settled(holds.place('AAPL', { ...hold, untilMs }, OPERATOR));
    await addWaiting('a');
    await ports.advance(30_000);
    ports.setClock(untilMs - 120_000);
    await ports.advance(119_000);
    expect(gone).toEqual([]);
    await ports.advance(60_000);
    expect(gone).toEqual(['a']);
  });

  test('is let go even when it wrote that it waits only after the hold was lifted', async () => {
    const { holds, gone, addWaiting, ports, settled } = await open();
    const id = await settled(holds.place('AAPL', hold, OPERATOR));
    await settled(holds.lift('AAPL', id, OPERATOR));
    await ports.advance(1);
    await addWaiting('late');
    await ports.advance(2_000);
    expect(gone).toEqual(['late']);
  });

  test('leaves those of another underlying their time', async () => {
    const { holds, gone, addWaiting, ports, settled, rows } = await open();
    const id = await settled(holds.place('AAPL', hold, OPERATOR));
    for (const one of ['a', 'b', 'c', 'd']) await addWaiting(one);
    await addWaiting('other', 'MSFT');
    const due = (await rows()).find((it) => it.id === 'other')?.dueMs;
    await settled(holds.lift('AAPL', id, OPERATOR));
    await ports.advance(1_000);
    expect(gone).toEqual(['a', 'b', 'c', 'd']);
    expect((await rows()).find((it) => it.id === 'other')?.dueMs).toBe(due);
  });

  test('of a hold on everything goes on when another one stands: lanes are woken, and calls made', async () => {
    const { holds, woken, store, ports, settled, rows } = await open();
    const id = await settled(holds.place('AAPL', { ...hold, scope: 'all' }, OPERATOR));
    const lastError = { code: 'frozen', message: 'by a hold', atMs: ports.clock.nowMs() };
    const dueMs = ports.clock.nowMs() + 240_000;
    const row = {
      kind: 'mint',
      phase: 'journaled',
      since_ms: 1,
      underlying: 'AAPL',
      attempts: 0,
      due_ms: dueMs,
    };
    const other = {
      ...row,
      id: 'failed',
      lane: '1/0x2',
      last_error: { ...lastError, code: 'simulation_failed' },
    };
    const mine = { ...row, id: 'mine', lane: '1/0x1', last_error: lastError };
    const promised = { ...row, id: 'promised', kind: 'redemption', phase: 'detected', last_error: lastError };
    const writes = [mine, other, promised].map(
      (it) => ({ op: 'insert', table: WORK_TABLE.name, row: it }) as const,
    );
    await settled(store.commit({ appends: [], writes: () => writes, metadata: OPERATOR }));
    await settled(holds.place('AAPL', hold, OPERATOR));
    await ports.advance(5_000);
    expect(woken).toEqual([]);
    // The other hold stands, and does not stop what is journaled.
    await settled(holds.lift('AAPL', id, OPERATOR));
    await ports.advance(10);
    expect(woken).toEqual(['1/0x1']);
    const found = new Map((await rows()).map((it) => [it.id, it]));
    expect(found.get('mine')).toMatchObject({ lastError: null });
    expect(found.get('mine')?.dueMs).toBeLessThanOrEqual(ports.clock.nowMs());
    // Alpaca was about to be asked for it before the holds came.
    expect(found.get('promised')).toMatchObject({
      dueMs: ports.clock.nowMs() - 10 + 240_000,
      lastError: null,
    });
    expect(found.get('failed')).toMatchObject({ dueMs, lastError: { code: 'simulation_failed' } });
  });

  test('costs less and less while nothing changes', async () => {
    const { holds, ports, settled, rows } = await open();
    await settled(holds.place('AAPL', hold, OPERATOR));
    const due = async () => (await rows()).find((it) => it.id === 'underlying/AAPL')?.dueMs ?? 0;
    await ports.advance(1_000_000);
    expect((await due()) - ports.clock.nowMs()).toBeGreaterThan(100_000);
  });
});
