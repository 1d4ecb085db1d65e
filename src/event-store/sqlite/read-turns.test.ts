import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { openConnection } from './connection.ts';
import { createReadTurns } from './read-turns.ts';
import { temporaryPath } from './sqlite-fixture.ts';

/** A database with one row, and a turn of the event loop that ends when the test says so. */
function scene() {
  const path = temporaryPath();
  const other = new DatabaseSync(path);
  other.exec('PRAGMA journal_mode = WAL; CREATE TABLE deed (holder TEXT); INSERT INTO deed VALUES (1)');
  const connection = openConnection(path, { readOnly: false });
  const deferred: (() => void)[] = [];
  const turns = createReadTurns(connection, { defer: (task) => deferred.push(task) });
  return {
    db: connection.db,
    other,
    turns,
    deferred,
    endTurn: () => deferred.splice(0).forEach((it) => it()),
    count: () => {
      turns.enter();
      return connection.prepare('SELECT count(*) AS count FROM deed').get()?.['count'];
    },
  };
}

test('reads of one turn see one moment, those of the next what others wrote meanwhile', () => {
  const { count, other, endTurn, deferred } = scene();
  expect(count()).toBe(1);
  other.exec('INSERT INTO deed VALUES (2)');
  expect(count()).toBe(1);
  expect(deferred.length).toBe(1);
  endTurn();
  expect(count()).toBe(2);
});

test('a turn that a commit ended takes no second end, and its reads may go on after it', () => {
  const { count, db, turns, endTurn, deferred } = scene();
  expect(count()).toBe(1);
  turns.leave();
  expect(turns.isOpen()).toBe(false);
  db.exec('BEGIN IMMEDIATE; INSERT INTO deed VALUES (2)');
  // What is read here may be taken back.
  expect(count()).toBe(2);
  expect(turns.isOpen()).toBe(false);
  endTurn();
  expect(db.isTransaction).toBe(true);
  db.exec('COMMIT');
  expect(count()).toBe(2);
  expect(deferred.length).toBe(1);
  endTurn();
  expect(db.isTransaction).toBe(false);
});

test('the end of a turn is harmless once the database is closed', () => {
  const { count, db, endTurn } = scene();
  count();
  db.close();
  expect(endTurn).not.toThrow();
});
