import { expect, test } from 'vitest';
import { documentFixtures } from '../support/document-fixtures.ts';
import { executionDoc } from '../support/fixtures/execution-fixtures.ts';
import { nextUuid } from '../support/fixtures/fixture.ts';
import { flowDoc } from '../support/fixtures/flow-fixtures.ts';
import { roleFixtures, testRoles } from '../support/fixtures/role-fixtures.ts';
import { versionDoc } from '../support/fixtures/version-fixtures.ts';
import { makeFlowDocuments } from '../support/flows.ts';
import { makeExecutions } from '../support/executions.ts';
import { createValidator } from '../support/validator.ts';

const validators = { space: createValidator('space'), runs: createValidator('runs') };
const validate = validators.space;
const validateRun = validators.runs;

test.each(documentFixtures)('$type: $name', ({ type, doc, valid, path }) => {
  const verdict = validators[type === 'execution' ? 'runs' : 'space']({ newDoc: doc });
  expect(verdict === null).toBe(valid);
  if (path !== undefined) expect(verdict?.forbidden).toContain(`${path} `);
});

test.each(roleFixtures)('who may $name', ({ kind, doc, allowed }) => {
  const may = testRoles.filter((role) => validators[kind]({ newDoc: doc, role }) === null);
  expect(may).toEqual(testRoles.filter((role) => allowed.includes(role)));
});

test('made flows and executions pass', () => {
  for (const newDoc of makeFlowDocuments({ seed: 1, count: 20 })) expect(validate({ newDoc })).toBeNull();
  for (const newDoc of makeExecutions({ seed: 1, count: 50 })) {
    expect(validateRun({ newDoc, database: 'userdb-61-runs-2025-03' })).toBeNull();
  }
});

test('nobody but the server writes where the database does not say whose space it is', () => {
  const newDoc = flowDoc();
  for (const secObj of [
    null,
    {},
    { members: {} },
    { members: { roles: [] } },
    { members: { roles: ['_admin'] } },
  ]) {
    expect(validate({ newDoc, secObj, role: 'owner' })?.forbidden).toBeDefined();
    expect(validate({ newDoc, secObj, role: 'server' })).toBeNull();
  }
});

test('a newer schema is refused with words that say so', () => {
  expect(validate({ newDoc: flowDoc({ schemaVersion: 7 }) })?.forbidden).toBe(
    'schemaVersion 7 is newer than this server knows (1)',
  );
});

test('the rules that protect hold without an old document and with a forged one', () => {
  const forged = { ...flowDoc(), deleted: true, type: 'anything', ownerId: 'me' };
  for (const oldDoc of [null, forged, { _id: 'x', _deleted: true }]) {
    expect(validate({ newDoc: flowDoc({ ownerId: 'me' }), oldDoc, role: 'editor' })?.forbidden).toContain(
      'ownerId',
    );
    for (const prefix of ['run', 'membership', 'moved']) {
      const newDoc = { _id: `${prefix}:${nextUuid()}`, type: prefix, _rev: `9-${'f'.repeat(32)}` };
      expect(validate({ newDoc, oldDoc, role: 'owner' })?.forbidden).toContain('Only the server');
    }
  }
});

test('an edit of a flow that moved keeps what the move wrote, and nobody claims a move of his own generation', () => {
  const movedFrom = { spaceId: 'there', revision: `1-${'a'.repeat(32)}`, moveId: 'x', generation: 2 };
  const edit = (start: number, changes: object = {}) => ({
    ...flowDoc({ spaceId: 'here', movedFrom, ...changes }),
    _rev: `${start}-${'d'.repeat(32)}`,
    _revisions: { start, ids: ['d', 'b', 'a'].slice(0, start).map((digit) => digit.repeat(32)) },
  });
  for (const role of ['owner', 'editor'] as const) {
    expect(validate({ newDoc: edit(3), role })).toBeNull();
    const claims = [
      edit(2),
      edit(1),
      edit(3, { movedFrom: { ...movedFrom, generation: 3 } }),
      edit(3, { movedFrom: { ...movedFrom, generation: 9 } }),
      edit(3, { movedFrom: { ...movedFrom, generation: '2' } }),
      edit(3, { movedFrom: { ...movedFrom, generation: undefined } }),
      edit(3, { movedFrom: [2] }),
      edit(3, { movedFrom: undefined }),
      edit(3, { ownerId: 'me' }),
      { ...edit(3), _revisions: { start: 3, ids: ['d'.repeat(32)] } },
      { ...edit(3), _revisions: undefined },
      { ...versionDoc(), ...edit(3), _id: versionDoc()._id, type: 'version' },
    ];
    for (const newDoc of claims)
      expect(validate({ newDoc, role })?.forbidden).toContain('is written by the server only');
  }
});

test('an editor may go on with a flow that is deleted already, and an owner may restore it', () => {
  const deleted = flowDoc({ deleted: true });
  expect(validate({ newDoc: { ...deleted, name: 'n' }, oldDoc: deleted, role: 'editor' })).toBeNull();
  expect(
    validate({ newDoc: deleted, oldDoc: { ...deleted, deleted: false }, role: 'editor' }),
  ).not.toBeNull();
  expect(validate({ newDoc: { ...deleted, deleted: false }, oldDoc: deleted, role: 'owner' })).toBeNull();
});

test('a version does not change, but may be written again', () => {
  const version = versionDoc();
  const other = { ...version, snapshot: { ...(version.snapshot as object), name: 'other' } };
  expect(validate({ newDoc: version, oldDoc: version })).toBeNull();
  expect(validate({ newDoc: other, oldDoc: version })?.forbidden).toContain('never changes');
});

test('a run that has ended stays ended', () => {
  const run = executionDoc({ status: 'running' });
  const ended = { ...run, status: 'failed' };
  expect(validateRun({ newDoc: ended, oldDoc: run })).toBeNull();
  expect(validateRun({ newDoc: { ...ended, tags: ['seen'] }, oldDoc: ended })).toBeNull();
  expect(validateRun({ newDoc: run, oldDoc: ended })?.forbidden).toContain('status');
});

test('a run lies in the month of its id, or of its start where the id tells none', () => {
  const timed = executionDoc({ _id: 'execution:017f22e2-79b0-7cc3-98c4-dc0c0c07398f' });
  const imported = executionDoc({ startedAt: '2022-02-03T00:00:00Z' });
  for (const newDoc of [timed, imported]) {
    for (const database of ['userdb-61-runs-2022-02', 'shards/00000000-ffffffff/space-a-runs-2022-02.1741']) {
      expect(validateRun({ newDoc, database })).toBeNull();
      expect(
        validateRun({ newDoc, database: database.replace('02-02', '02-03').replace('2-02', '2-03') }),
      ).not.toBeNull();
    }
  }
});

test('somebody who is not signed in is told to sign in', () => {
  const user = { name: null, roles: [] };
  expect(validate({ newDoc: flowDoc(), user })).toEqual({ unauthorized: 'Sign in to write here' });
});

test('only roles of a space make an owner', () => {
  const secObj = { members: { roles: ['team'] } };
  const user = { name: 'somebody', roles: ['team', 'team:owner', 'null:owner', 'undefined:owner', ':owner'] };
  for (const security of [secObj, {}, { members: { roles: [''] } }, { members: { roles: 'space:' } }]) {
    expect(validate({ newDoc: flowDoc(), user, secObj: security })).toHaveProperty('forbidden');
  }
});

test('what was deleted may come back', () => {
  const version = versionDoc();
  const tombstone = { _id: version._id, _deleted: true };
  expect(validate({ newDoc: version, oldDoc: tombstone, role: 'editor' })).toBeNull();
});

test.each(['accounts', 'directory', 'server'] as const)('only the server writes into %s', (kind) => {
  const validateServer = createValidator(kind);
  for (const role of testRoles) {
    const verdict = validateServer({ newDoc: { _id: 'user:1', anything: true }, role });
    expect(verdict === null).toBe(role === 'server');
  }
});
