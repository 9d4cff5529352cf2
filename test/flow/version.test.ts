import { expect, test } from 'vitest';
import { computeRevision, isIntactVersion, makeVersion } from '../../flow/index.ts';
import { versionDocumentSchema, type FlowDocument } from '../../schema/index.ts';
import { makeFlowDocuments } from '../support/flows.ts';

const [flow] = makeFlowDocuments({ seed: 11, count: 1 }) as [FlowDocument];

test('a version holds the flow as it was and passes the schema', () => {
  const version = makeVersion({ ...flow, _rev: '3-a', _conflicts: ['2-b'], executionCount: 9 });
  const { _id, type: _type, schemaVersion: _schemaVersion, ...content } = flow;
  expect(version.snapshot).toEqual(content);
  expect(versionDocumentSchema.parse(version)).toEqual(version);
  expect(isIntactVersion(version)).toBe(true);
});

test('two devices make the same document and revision of the same content', () => {
  const shuffled = Object.fromEntries(Object.entries(flow).toReversed()) as FlowDocument;
  const here = makeVersion({ ...flow, _rev: '1-a' });
  const there = makeVersion({ ...shuffled, _rev: '9-b', successRate: 100 });
  expect(there).toEqual(here);
  expect(computeRevision(there)).toBe(computeRevision(here));
});

test('a version is kept through the database', () => {
  expect(isIntactVersion({ ...makeVersion(flow), _rev: '1-a', _revisions: {} })).toBe(true);
});

test.each([
  ['a changed node', (v) => ({ ...v, snapshot: { ...v.snapshot, flow: { nodes: [], edges: [] } } })],
  ['another flow', (v) => ({ ...v, flowId: '00000000-0000-4000-8000-000000000000' })],
  ['another schema', (v) => ({ ...v, schemaVersion: 2 })],
  ['another id', (v) => ({ ...v, _id: v._id.replace(/.$/, (digit) => (digit === '0' ? '1' : '0')) })],
  ['no snapshot', ({ snapshot: _snapshot, ...v }) => v],
] as [string, (version: ReturnType<typeof makeVersion>) => ReturnType<typeof makeVersion>][])(
  'readers notice %s',
  (_name, forge) => {
    expect(isIntactVersion(forge(makeVersion(flow)))).toBe(false);
  },
);
