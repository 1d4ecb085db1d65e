import { describe, expect, test } from 'vitest';
import { createTables } from '../table.ts';
import { ITEM } from '../contract-fixture.ts';
import type { TableDefinition } from '../event-store.ts';
import { openConnection } from './connection.ts';
import { MIGRATIONS, migrate, type Migration, schemaStatus } from './migrations.ts';

const BEFORE = createTables([ITEM]);
const WIDER: TableDefinition = { ...ITEM, columns: { ...ITEM.columns, colour: 'text' } };
const AFTER = createTables([WIDER]);

const ADD_COLOUR: Migration = {
  version: 2,
  name: 'items have a colour',
  up: ({ db }) => db.exec(`ALTER TABLE item ADD COLUMN colour TEXT; UPDATE item SET colour = 'grey'`),
  operationalTables: ['item'],
};

function openWithItem() {
  const connection = openConnection(':memory:', { readOnly: false });
  migrate(connection, BEFORE);
  connection.db.exec(`INSERT INTO item (id, owner) VALUES ('1', 'o')`);
  return connection;
}

describe('migrations', () => {
  test('a later step changes an operational table and keeps its rows', () => {
    const connection = openWithItem();
    const steps = [...MIGRATIONS, ADD_COLOUR];
    expect(schemaStatus(connection, AFTER, steps)).toEqual({
      version: 1,
      target: 2,
      pending: ['version 2: items have a colour'],
      rebuild: [],
    });
    expect(migrate(connection, AFTER, steps)).toEqual({ rebuildNeeded: false });
    expect(schemaStatus(connection, AFTER, steps)).toMatchObject({ version: 2, pending: [] });
    expect(connection.db.prepare('SELECT id, colour FROM item').all()).toMatchObject([
      { id: '1', colour: 'grey' },
    ]);
    migrate(connection, AFTER, steps);
  });

  test('a step that breaks off leaves the schema before it, and can be taken again', () => {
    const connection = openWithItem();
    const breaksOff: Migration = {
      ...ADD_COLOUR,
      up: (it) => {
        ADD_COLOUR.up(it);
        throw new Error('the power went');
      },
    };
    expect(() => migrate(connection, AFTER, [...MIGRATIONS, breaksOff])).toThrow('the power went');
    expect(schemaStatus(connection, BEFORE)).toMatchObject({ version: 1, pending: [] });
    expect(connection.db.prepare('SELECT * FROM item').all()[0]).not.toHaveProperty('colour');
    migrate(connection, AFTER, [...MIGRATIONS, ADD_COLOUR]);
    expect(schemaStatus(connection, AFTER, [...MIGRATIONS, ADD_COLOUR])).toMatchObject({
      version: 2,
      pending: [],
    });
  });

  test('steps have the versions 1, 2, 3 and so on', () => {
    expect(MIGRATIONS.map((it) => it.version)).toEqual(MIGRATIONS.map((_, at) => at + 1));
  });
});
