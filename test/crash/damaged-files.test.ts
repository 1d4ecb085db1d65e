import { isDeepStrictEqual } from 'node:util';
import { describe, expect, test } from 'vitest';
import { DatabaseDamaged } from '../../src/event-store/errors.ts';
import type { StoredEvent } from '../../src/event-store/event-store.ts';
import { BOX_SCHEMA } from '../../src/event-store/toy-ledger.ts';
import { verify } from '../../src/event-store/verify.ts';
import type { DamagedFiles, Suffix } from './damaged-fixture.ts';
import { createDamagedFiles, damages, fillBoxes, readLog, sizeOf } from './damaged-fixture.ts';

/** A database whose process died: the log up to its last flush but one, and up to the last. */
async function crashed() {
  const files = createDamagedFiles();
  const path = files.copyOf('', []);
  const first = await files.open(path);
  await fillBoxes(first, 'old', 20);
  await first.close();
  const store = await files.open(path);
  await fillBoxes(store, 'new', 12);
  const before = { copy: files.copyOf(path), log: await readLog(store) };
  await fillBoxes(store, 'last', 1);
  const after = { copy: files.copyOf(path), log: await readLog(store) };
  return { files, before, after, flushed: sizeOf(`${before.copy}-wal`), end: sizeOf(`${after.copy}-wal`) };
}

const isPrefix = (log: readonly StoredEvent[], whole: readonly StoredEvent[]): boolean =>
  isDeepStrictEqual(log, whole.slice(0, log.length));

/** How many of the last events are gone without a word; or `refused`, or what else became of the log. */
async function lostOf(
  files: DamagedFiles,
  copy: string,
  whole: readonly StoredEvent[],
): Promise<number | string> {
  try {
    const store = await files.open(copy);
    const log = await readLog(store);
    await store.close();
    return isPrefix(log, whole) ? whole.length - log.length : 'another log';
  } catch (error) {
    return error instanceof DatabaseDamaged ? 'refused' : String(error);
  }
}

describe('a write-ahead log that is not as it was written', () => {
  test.each<[string, readonly Suffix[]]>([
    ['with its index', ['', '-wal', '-shm']],
    ['without its index', ['', '-wal']],
  ])('after its last flush loses nothing that was acknowledged, %s', async (_, suffixes) => {
    const { files, before, after, flushed, end } = await crashed();
    const wrong: string[] = [];
    for (const damage of damages({ from: flushed, to: end, places: 25 })) {
      // A power cut: the index tells of the flush before, and the last transaction is there in part.
      const copy = files.copyOf(before.copy, suffixes);
      const wal = files.copyOf(after.copy, ['-wal']);
      damage.apply(`${wal}-wal`);
      const store = await files.open(files.joined(copy, wal));
      const log = await readLog(store);
      const { differenceCount } = await verify(store, BOX_SCHEMA);
      const isWhole = isPrefix(log, after.log) && log.length >= before.log.length;
      if (!isWhole || differenceCount > 0) wrong.push(damage.what);
      await fillBoxes(store, 'next', 1);
      await store.close();
    }
    expect(wrong).toEqual([]);
  });

  test('before its last flush is refused, wherever it is', async () => {
    const { files, after, end } = await crashed();
    const wrong: string[] = [];
    for (const damage of damages({ from: 0, to: end, places: 80 })) {
      const copy = files.copyOf(after.copy);
      damage.apply(`${copy}-wal`);
      if ((await lostOf(files, copy, after.log)) !== 'refused') wrong.push(damage.what);
    }
    expect(wrong).toEqual([]);
  });

  test('without its index is refused, but for the last transaction, which may be what a power cut left', async () => {
    const { files, after, end } = await crashed();
    const lost: (number | string)[] = [];
    for (const damage of damages({ from: 0, to: end, places: 80, cuts: false })) {
      const copy = files.copyOf(after.copy, ['', '-wal']);
      damage.apply(`${copy}-wal`);
      lost.push(await lostOf(files, copy, after.log));
    }
    expect(lost.filter((it) => it === 'refused').length).toBeGreaterThan(60);
    // The last two: the damage may be to what tells where the first of them ends.
    expect(lost.filter((it) => it !== 'refused' && it !== 1 && it !== 2)).toEqual([]);
  });

  test('is opened all the same when the operator accepts the loss', async () => {
    const { files, after, flushed } = await crashed();
    const copy = files.copyOf(after.copy);
    const [damage] = damages({ from: flushed / 2, to: flushed, places: 1 });
    damage?.apply(`${copy}-wal`);
    await expect(files.open(copy)).rejects.toThrow(/damaged.*frames that were flushed.*--restored/s);
    const store = await files.open(copy, { acceptLoss: true });
    const log = await readLog(store);
    expect(isPrefix(log, after.log)).toBe(true);
    expect(log.length).toBeLessThan(after.log.length);
    expect(await verify(store, BOX_SCHEMA)).toMatchObject({ differenceCount: 0 });
  });
});

describe('a database file that is not as it was written', () => {
  test('is refused, or fails whoever reads it, or is found by verify, and never reads as another log', async () => {
    const files = createDamagedFiles();
    const path = files.copyOf('', []);
    const first = await files.open(path);
    await fillBoxes(first, 'box', 40);
    const log = await readLog(first);
    await first.close();
    const endings: Record<string, string[]> = {};
    for (const damage of damages({ from: 1, to: sizeOf(path), places: 300 })) {
      const copy = files.copyOf(path, ['']);
      damage.apply(copy);
      (endings[await endingOf(files, copy, log)] ??= []).push(damage.what);
    }
    expect(endings['another log']).toBeUndefined();
    expect(endings['database_damaged']?.length).toBeGreaterThan(300);
    // Free space, and what nothing reads.
    expect(endings['as before']?.length).toBeGreaterThan(1);
  });
});

/** How a database reads: the code of what it fails with, or how it differs from what was written. */
async function endingOf(files: DamagedFiles, copy: string, log: readonly StoredEvent[]): Promise<string> {
  try {
    const store = await files.open(copy, { onFatal: () => undefined });
    try {
      const found = await readLog(store);
      if (!isDeepStrictEqual(found, log)) return 'another log';
      const { differenceCount } = await verify(store, BOX_SCHEMA);
      return differenceCount > 0 ? 'found by verify' : 'as before';
    } finally {
      await store.close();
    }
  } catch (error) {
    return 'code' in (error as Error) ? String((error as { code: unknown }).code) : 'unreadable';
  }
}
