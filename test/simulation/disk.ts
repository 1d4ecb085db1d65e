import type { StatementSync } from 'node:sqlite';
import { DatabaseSync } from 'node:sqlite';

/** What the database of a process tells the simulation. */
export interface DiskEvents {
  /** Before the bytes of a transaction are durable. Throws to keep them from being so. */
  readonly beforeCommit: () => void;
  readonly afterCommit: () => void;
}

const NOTHING: DiskEvents = { beforeCommit: () => {}, afterCommit: () => {} };

/**
 * A database whose content outlives the process that uses it: an image in memory stands for the file. A commit is
 * durable the moment it returns, as with a full synchronous disk.
 */
export class SimulatedDisk extends DatabaseSync {
  #events: DiskEvents;
  #left: Uint8Array | null = null;
  /** Nothing below the first migration is of interest, and the pragmas run outside of transactions. */
  constructor(image: Uint8Array | null, events: DiskEvents) {
    super(':memory:');
    if (image !== null) this.deserialize(image);
    this.#events = events;
  }

  /** What is on the disk, also after the process closed it. */
  content(): Uint8Array {
    return this.#left ?? this.serialize();
  }

  override close(): void {
    this.#left ??= this.serialize();
    super.close();
    // Statements hold their database natively: what leads from here back to them would never be collected.
    this.#events = NOTHING;
  }

  override prepare(sql: string): StatementSync {
    const statement = super.prepare(sql);
    return sql === 'COMMIT' ? this.#watched(statement) : statement;
  }

  override exec(sql: string): void {
    if (sql !== 'COMMIT') {
      super.exec(sql);
      return;
    }
    this.#events.beforeCommit();
    super.exec(sql);
    this.#events.afterCommit();
  }

  #watched(statement: StatementSync): StatementSync {
    const run = statement.run.bind(statement);
    // A commit takes no values.
    statement.run = () => {
      this.#events.beforeCommit();
      const result = run();
      this.#events.afterCommit();
      return result;
    };
    return statement;
  }
}
