import { ReadOnlyStore, StoreClosed } from '../errors.ts';

/** Whether a store still runs, and why not. */
export interface StoreLife {
  readonly refusal: () => StoreClosed;
  isOpen(): boolean;
  /** @throws StoreClosed */
  assertReadable(): void;
  /** @throws StoreClosed, ReadOnlyStore */
  assertWritable(): void;
  /** Refuses new commits from now on; false when nothing can be waiting any more. */
  beginClosing(): boolean;
  /** Ends every further use and tells `onFatal`, the first time. Gives the error back. */
  stop<Fatal extends Error>(error: Fatal): Fatal;
  /** Ends the store and frees what it holds. */
  end(): void;
}

export function createStoreLife(options: {
  readonly path: string;
  readonly readOnly: boolean;
  readonly onFatal: (error: Error) => void;
  /** Runs when the store stops or ends, at least once. */
  readonly atEnd: () => void;
  readonly release: () => void;
}): StoreLife {
  const { path, atEnd } = options;
  let state: 'open' | 'closing' | 'ended' = 'open';
  let fatal: Error | null = null;
  const refusal = (): StoreClosed => new StoreClosed(path, fatal ?? undefined);
  return {
    refusal,
    isOpen: () => state !== 'ended' && fatal === null,
    assertReadable() {
      if (state === 'ended' || fatal !== null) throw refusal();
    },
    assertWritable() {
      if (state !== 'open' || fatal !== null) throw refusal();
      if (options.readOnly) throw new ReadOnlyStore(path);
    },
    beginClosing() {
      if (state === 'open') state = 'closing';
      return state === 'closing' && fatal === null;
    },
    stop(error) {
      if (fatal === null) {
        fatal = error;
        atEnd();
        options.onFatal(error);
      }
      return error;
    },
    end() {
      if (state === 'ended') return;
      state = 'ended';
      atEnd();
      options.release();
    },
  };
}
