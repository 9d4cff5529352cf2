import { expect, test } from 'vitest';
import { computeRevision } from '../../flow/index.ts';

const doc = { _id: 'flow:1', name: 'n', list: [1, { b: 1, a: 2 }] };

test('the same content is the same revision, whatever the order of keys and the revision it was read at', () => {
  const other = {
    list: [1, { a: 2, b: 1 }],
    _rev: '7-abc',
    _revisions: { start: 7, ids: [] },
    name: 'n',
    _id: 'flow:1',
  };
  expect(computeRevision(other)).toBe(computeRevision(doc));
  expect(computeRevision(doc)).toMatch(/^1-[0-9a-f]{32}$/);
});

test('content, id, deletion, parent and generation each make another', () => {
  const attachment = { _attachments: { a: { digest: 'md5-x', stub: true } } };
  const revisions = [
    computeRevision(doc),
    computeRevision({ ...doc, name: 'm' }),
    computeRevision({ ...doc, _id: 'flow:2' }),
    computeRevision({ ...doc, _deleted: true }),
    computeRevision(doc, 1, '1-a'),
    computeRevision(doc, 2, '1-a'),
    computeRevision({ ...doc, ...attachment }),
  ];
  expect(new Set(revisions).size).toBe(revisions.length);
  expect(computeRevision(doc, 12)).toMatch(/^12-/);
});

test('an attachment counts by its digest, however it was read', () => {
  const stub = { ...doc, _attachments: { a: { digest: 'md5-x', stub: true, revpos: 3 } } };
  const whole = {
    ...doc,
    _attachments: { a: { digest: 'md5-x', data: 'AA==', content_type: 'text/plain' } },
  };
  expect(computeRevision(stub)).toBe(computeRevision(whole));
});
