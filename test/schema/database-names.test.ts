import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  isSetteeDatabaseName,
  parseDatabaseName,
  personalDatabase,
  runsDatabase,
  serverDatabaseName,
  spaceDatabase,
} from '../../schema/index.ts';

test('a personal database is named by the hex of the user id, in UTF-8', () => {
  expect(personalDatabase('alice')).toBe('userdb-616c696365');
  expect(personalDatabase('ü😀')).toBe('userdb-c3bcf09f9880');
});

test('every name that is built is read back', () => {
  const userId = fc
    .string({ unit: 'binary', minLength: 1, maxLength: 20 })
    .filter((id) => !/\p{Surrogate}/u.test(id));
  fc.assert(
    fc.property(userId, fc.constantFrom('', 't1-', 'settee2-'), (id, prefix) => {
      const name = personalDatabase(id, prefix);
      expect(parseDatabaseName(name, prefix)).toEqual({ kind: 'personal', userId: id });
      expect(parseDatabaseName(runsDatabase(name, '2025-01'), prefix)).toEqual({
        kind: 'personal',
        userId: id,
        month: '2025-01',
      });
      expect(isSetteeDatabaseName(name)).toBe(true);
    }),
  );
  expect(parseDatabaseName(spaceDatabase('abc', 'p-'), 'p-')).toEqual({ kind: 'space', spaceId: 'abc' });
  expect(parseDatabaseName(serverDatabaseName('journal-2025-01'))).toEqual({
    kind: 'server',
    name: 'journal-2025-01',
  });
});

test.each([
  '_users',
  '_replicator',
  'userdb-',
  'userdb-6',
  'userdb-6G',
  'userdb-ff',
  'userdb-c0af',
  'userdb-eda080',
  'USERDB-61',
  'userdb-61-runs-2025-13',
  'userdb-61-runs-2025-1',
  'userdb-61/x',
  'space-',
  'space-A',
  'settee-',
  'settee-9',
  'other',
  'x_y-userdb-61',
])('%s is no database of Settee', (name) => {
  expect(isSetteeDatabaseName(name)).toBe(false);
});

test('a name under another prefix is not this deployment’s', () => {
  expect(parseDatabaseName('b-userdb-61', 'a-')).toBeNull();
  expect(parseDatabaseName('userdb-61', 'a-')).toBeNull();
});
