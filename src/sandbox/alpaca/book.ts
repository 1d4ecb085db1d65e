import type { Journal } from './model.ts';
import { Refusal } from './refusal.ts';

export interface Position {
  readonly symbol: string;
  /** In 10⁻¹⁸ share. */
  readonly quantity: bigint;
  /** Less what pending journals will take. */
  readonly available: bigint;
}

/** Who holds how many shares, and every movement of them. */
export interface Book {
  deposit(account: string, symbol: string, quantity: bigint): void;
  /** Zero when there is none. */
  position(account: string, symbol: string): Position;
  /** Those that are not zero, sorted by symbol. */
  positions(account: string): readonly Position[];
  /**
   * Opens a pending journal, which takes its shares from what is available; rejected at once when they are
   * short.
   */
  open(movement: Pick<Journal, 'fromAccount' | 'toAccount' | 'symbol' | 'quantity'>): Journal;
  execute(journal: Journal): void;
  reject(journal: Journal, reason: string): void;
  /** Takes an executed journal back, as happens to corrections; the shares return. */
  reverse(journalId: string): Journal;
  /** Oldest first. */
  journals(): readonly Journal[];
}

export function createBook(options: { newId: () => string; nowMs: () => number }): Book {
  const held = new Map<string, Map<string, bigint>>();
  const journals: Journal[] = [];

  const quantityOf = (account: string, symbol: string) => held.get(account)?.get(symbol) ?? 0n;
  const change = (account: string, symbol: string, delta: bigint) => {
    const shares = held.get(account) ?? new Map<string, bigint>();
    held.set(account, shares);
    shares.set(symbol, quantityOf(account, symbol) + delta);
  };
  const leaving = (account: string, symbol: string) =>
    journals
      .filter((j) => j.status === 'pending' && j.fromAccount === account && j.symbol === symbol)
      .reduce((sum, { quantity }) => sum + quantity, 0n);
  const position = (account: string, symbol: string): Position => {
    const quantity = quantityOf(account, symbol);
    return { symbol, quantity, available: quantity - leaving(account, symbol) };
  };

  return {
    deposit: change,
    position,
    positions: (account) =>
      [...(held.get(account) ?? [])]
        .filter(([, quantity]) => quantity !== 0n)
        .map(([symbol]) => position(account, symbol))
        .sort((a, b) => (a.symbol < b.symbol ? -1 : 1)),
    open(movement) {
      const short = position(movement.fromAccount, movement.symbol).available < movement.quantity;
      const journal: Journal = {
        id: options.newId(),
        ...movement,
        createdAtMs: options.nowMs(),
        status: short ? 'rejected' : 'pending',
        reason: short ? `insufficient ${movement.symbol} available` : null,
      };
      journals.push(journal);
      return journal;
    },
    execute(journal) {
      if (journal.status !== 'pending') throw new Refusal('unprocessable', `journal is ${journal.status}`);
      journal.status = 'executed';
      change(journal.fromAccount, journal.symbol, -journal.quantity);
      change(journal.toAccount, journal.symbol, journal.quantity);
    },
    reject(journal, reason) {
      if (journal.status !== 'pending') throw new Refusal('unprocessable', `journal is ${journal.status}`);
      journal.status = 'rejected';
      journal.reason = reason;
    },
    reverse(journalId) {
      const journal = journals.find(({ id }) => id === journalId);
      if (journal === undefined) throw new Refusal('notFound', `no journal ${journalId}`);
      if (journal.status !== 'executed') throw new Refusal('unprocessable', `journal is ${journal.status}`);
      journal.status = 'reversed';
      change(journal.fromAccount, journal.symbol, journal.quantity);
      change(journal.toAccount, journal.symbol, -journal.quantity);
      return journal;
    },
    journals: () => journals,
  };
}
