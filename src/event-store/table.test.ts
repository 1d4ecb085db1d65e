import { describe, expect, test } from 'vitest';
import type { TableDefinition } from './event-store.ts';
import { createTables } from './table.ts';

const SOUND: TableDefinition = {
  name: 'box',
  columns: { id: 'text', at: 'json' },
  key: ['id'],
  source: 'log',
};

describe('table definitions', () => {
  test.each<[string, Partial<TableDefinition>, RegExp]>([
    ['a name that is SQL', { name: 'box; DROP TABLE events' }, /cannot have this name/],
    ['a name of the store', { name: 'events' }, /cannot have this name/],
    ['a column that is SQL', { columns: { id: 'text', 'a b': 'text' } }, /no column can be named a b/],
    ['no key', { key: [] }, /needs a key/],
    ['a key that is no column', { key: ['other'] }, /no column other/],
    ['a key of JSON', { key: ['at'] }, /cannot be a key/],
    ['an index of nothing', { indexes: [['other']] }, /no column other/],
    ['an operational key', { operationalColumns: ['id'] }, /cannot be operational/],
  ])('refuses %s', (_, part, message) => {
    expect(() => createTables([{ ...SOUND, ...part }])).toThrow(message);
  });

  test('refuses one name twice', () => {
    expect(() => createTables([SOUND, SOUND])).toThrow(/defined twice/);
  });
});
