import { expect, test } from 'vitest';
import { diffFlows, sameContent } from '../../flow/index.ts';
import type { FlowDocument } from '../../schema/index.ts';
import { makeFlowDocuments } from '../support/flows.ts';

const [flow] = makeFlowDocuments({ seed: 8, count: 1, size: 12_000 }) as [FlowDocument];
const [first, second] = flow.flow.nodes;
if (!first || !second) throw new Error('The flow is too small for this test');

const withGraph = (graph: Partial<FlowDocument['flow']>): FlowDocument => ({
  ...flow,
  flow: { ...flow.flow, ...graph },
});

test('times, devices and version numbers are no difference in content', () => {
  const device = { deviceType: 'mobile', os: 'o', browser: 'b', timestamp: flow.updatedAt } as const;
  const later = {
    ...flow,
    _rev: '5-a',
    updatedAt: '2026-01-01T00:00:00.000Z',
    lastAccessedAt: '2026-01-01T00:00:00.000Z',
    version: '1.0.1',
    versionHistory: [{ version: '1.0.1', timestamp: flow.updatedAt, changes: '' }],
    lastModifiedOnDevice: device,
    executionCount: 5,
  };
  expect(sameContent(flow, later)).toBe(true);
});

test('the viewport counts only where it is asked for', () => {
  const moved = withGraph({ viewport: { x: 1, y: 2, zoom: 3 } });
  expect(sameContent(flow, moved)).toBe(true);
  expect(sameContent(flow, moved, { viewport: true })).toBe(false);
  expect(sameContent(flow, flow, { viewport: true })).toBe(true);
});

test.each([
  ['name', { name: 'other' }],
  ['a field of the application', { own: 1 }],
  ['deletion', { deleted: true }],
  ['tags', { tags: ['new'] }],
])('%s is a difference in content', (_name, change) => {
  expect(sameContent(flow, { ...flow, ...change })).toBe(false);
});

test('a difference names fields, nodes and edges', () => {
  const changed = {
    ...withGraph({
      nodes: [{ ...first, position: { x: 9, y: 9 }, own: 1 }, ...flow.flow.nodes.slice(2), { id: 'new' }],
      edges: flow.flow.edges.slice(1),
      applicationVersion: '4',
    }),
    name: 'renamed',
    _rev: '2-a',
  };
  expect(diffFlows(flow, changed)).toEqual({
    fields: ['name'],
    nodes: { added: ['new'], removed: [second.id], changed: [{ id: first.id, fields: ['own', 'position'] }] },
    edges: { added: [], removed: [flow.flow.edges[0]?.id], changed: [] },
    viewport: false,
    graphFields: ['applicationVersion'],
  });
});

test('the order of keys is no difference, the order of what an id repeats is', () => {
  const reversed = withGraph({
    nodes: flow.flow.nodes.map(
      (node) => Object.fromEntries(Object.entries(node).toReversed()) as typeof node,
    ),
  });
  expect(diffFlows(flow, reversed).nodes.changed).toEqual([]);
  const twice = [
    { id: 'x', own: 1 },
    { id: 'x', own: 2 },
  ];
  expect(
    diffFlows(withGraph({ nodes: twice }), withGraph({ nodes: twice.toReversed() })).nodes.changed,
  ).toEqual([
    { id: 'x', fields: ['own'] },
    { id: 'x (2)', fields: ['own'] },
  ]);
});
