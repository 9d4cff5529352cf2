import { describe, expect, it } from 'vitest';
import { diff3, mergeFlows } from '../../flow/index.ts';
import type { FlowContent } from '../../schema/index.ts';
import { makeFlows } from '../support/flows.ts';
import { editFlow, startFlow, timeOf, type FlowEdit } from '../support/flow-edits.ts';

const base = startFlow();
const side = (...edits: FlowEdit[]): FlowContent =>
  edits.reduce((flow, edit) => editFlow(flow, edit, timeOf(1)), base);
const merge = (...sides: FlowContent[]) => mergeFlows({ base, sides });
const pathsOf = (...sides: FlowContent[]) => merge(...sides).conflicts.map(({ path }) => path.join('.'));
const nodeOf = (flow: FlowContent, id: string) => flow.flow.nodes.find((node) => node.id === id);

describe('edits of different places', () => {
  it('merge inside one node, key by key', () => {
    const a = side({ do: 'data', node: 0, key: 'p', value: { deep: 1 } });
    const b = side({ do: 'data', node: 0, key: 'r', value: 2 }, { do: 'move', node: 0, x: 9, y: 9 });
    const { merged, conflicts } = merge(a, b);
    expect(conflicts).toEqual([]);
    expect(nodeOf(merged, 'a')).toEqual({
      id: 'a',
      position: { x: 9, y: 9 },
      data: { p: { deep: 1 }, q: 'start', r: 2 },
    });
  });

  it('merge tags as a set, and take what came from one side as it is', () => {
    const a = side({ do: 'tag', tag: 'a', on: false }, { do: 'tag', tag: 'd', on: true });
    const b = side({ do: 'tag', tag: 'c', on: true });
    expect(merge(a, b).merged.tags).toEqual(['b', 'c', 'd']);
    expect(merge(a, base).merged.tags).toEqual(['b', 'd']);
  });

  it('never dispute times, devices, numbers, the viewport and what is selected', () => {
    const a = {
      ...side({ do: 'look', x: 3 }, { do: 'select', node: 0 }),
      version: '1.0.10',
      updatedAt: timeOf(9),
      userAgent: 'a',
      versionHistory: [{ version: '1.0.0', timestamp: timeOf(2), changes: 'a' }],
    };
    const b = {
      ...side({ do: 'look', x: 4 }),
      version: '1.0.9',
      updatedAt: timeOf(8),
      userAgent: 'b',
      versionHistory: [{ version: '1.0.0', timestamp: timeOf(1), changes: 'b' }],
    };
    const { merged, conflicts } = merge(b, a);
    expect(conflicts).toEqual([]);
    expect(merged).toMatchObject({ version: '1.0.10', updatedAt: timeOf(9), userAgent: 'a' });
    expect(merged.versionHistory?.map(({ changes }) => changes)).toEqual(['b', 'a']);
    expect(merged.flow.viewport).toEqual({ x: 3, y: 0, zoom: 1 });
  });
});

describe('a conflict', () => {
  it('is the same place changed in two ways, a position as one', () => {
    expect(
      pathsOf(
        side({ do: 'data', node: 0, key: 'p', value: 1 }),
        side({ do: 'data', node: 0, key: 'p', value: 2 }),
      ),
    ).toEqual(['flow.nodes.a.data.p']);
    const moves = [
      side({ do: 'move', node: 1, x: 7, y: 1 }),
      side({ do: 'move', node: 1, x: 1, y: 7 }),
    ] as const;
    expect(pathsOf(...moves)).toEqual(['flow.nodes.b.position']);
    expect(pathsOf(moves[0], moves[0])).toEqual([]);
  });

  it('is deleting what another changed: of nodes, edges, and of the flow', () => {
    const gone = side({ do: 'remove', node: 4 });
    expect(pathsOf(gone, side({ do: 'data', node: 4, key: 'p', value: 1 }))).toEqual(['flow.nodes.e']);
    expect(nodeOf(merge(gone, side({ do: 'data', node: 4, key: 'p', value: 1 })).merged, 'e')).toBeDefined();
    expect(pathsOf(side({ do: 'cut', edge: 0 }), side({ do: 'edge', edge: 0, label: 'x' }))).toEqual([
      'flow.edges.e0',
    ]);
    expect(pathsOf(side({ do: 'delete' }), side({ do: 'rename', text: 'X' }))).toEqual(['deleted']);
    expect(pathsOf(side({ do: 'delete' }), side({ do: 'look', x: 1 }, { do: 'select', node: 0 }))).toEqual(
      [],
    );
    expect(merge(side({ do: 'delete' }), side({ do: 'look', x: 1 })).merged.deleted).toBe(true);
  });

  it('is the same new id with another content', () => {
    const a = side({ do: 'add', id: 'new1', value: 1, to: 0 });
    expect(pathsOf(a, side({ do: 'add', id: 'new1', value: 2, to: 0 }))).toEqual(['flow.nodes.new1']);
    expect(pathsOf(a, a)).toEqual([]);
  });

  it('is every difference where nobody knows the base', () => {
    const [a, b] = [side({ do: 'rename', text: 'A' }), side({ do: 'remove', node: 4 })];
    const { conflicts } = mergeFlows({ base: null, sides: [a, b] });
    expect(conflicts.map(({ path }) => path.join('.'))).toEqual(['flow.edges.e3', 'flow.nodes.e', 'name']);
  });
});

describe('repair', () => {
  it('takes away an edge to a node that the other side deleted, and says so', () => {
    const { merged, conflicts, repaired } = merge(
      side({ do: 'remove', node: 4 }),
      side({ do: 'add', id: 'new1', value: 1, to: 4 }),
    );
    expect(conflicts).toEqual([]);
    expect(merged.flow.edges.some(({ target }) => target === 'e')).toBe(false);
    expect(repaired).toMatchObject([
      { kind: 'edge-removed', path: ['flow', 'edges', 'new1-e'], missing: ['e'] },
    ]);
  });

  it('sets a node free whose group was deleted, where it was drawn, and puts groups before what they hold', () => {
    const grouped = (flow: FlowContent): FlowContent => ({
      ...flow,
      updatedAt: timeOf(2),
      flow: {
        ...flow.flow,
        nodes: flow.flow.nodes.map((node) => (node.id === 'a' ? { ...node, parentId: 'e' } : node)),
      },
    });
    const { merged, repaired } = merge(side({ do: 'remove', node: 4 }), grouped(base));
    expect(nodeOf(merged, 'a')).toEqual({ ...nodeOf(base, 'a'), position: { x: 4, y: 4 } });
    expect(repaired).toMatchObject([{ kind: 'parent-removed', missing: ['e'] }]);
    const order = merge(grouped(base), side({ do: 'rename', text: 'X' })).merged.flow.nodes.map(
      ({ id }) => id,
    );
    expect(order.indexOf('e')).toBeLessThan(order.indexOf('a'));
  });

  it('leaves alone what a side had broken itself', () => {
    const edges = [...base.flow.edges, { id: 'nowhere', source: 'a', target: 'nobody' }];
    const broken = { ...base, flow: { ...base.flow, edges } };
    const { merged, repaired } = merge(broken, side({ do: 'rename', text: 'X' }));
    expect([merged.flow.edges.length, repaired]).toEqual([edges.length, []]);
  });
});

it('takes ids that a graph repeats in their turn', () => {
  const twice = {
    ...base,
    flow: { ...base.flow, nodes: [...base.flow.nodes, { id: 'a', data: { p: 'second' } }] },
  };
  const change = (value: string) => ({
    ...twice,
    flow: {
      ...twice.flow,
      nodes: twice.flow.nodes.map((node, n) => (n === 5 ? { ...node, data: { p: value } } : node)),
    },
  });
  const { merged, conflicts } = mergeFlows({
    base: twice,
    sides: [change('other'), editFlow(twice, { do: 'data', node: 0, key: 'p', value: 5 }, timeOf(3))],
  });
  expect(conflicts).toEqual([]);
  expect(
    merged.flow.nodes.filter(({ id }) => id === 'a').map(({ data }) => (data as { p: unknown }).p),
  ).toEqual([5, 'other']);
});

it('shows a person what each side did, place by place', () => {
  const diff = diff3({
    base,
    sides: [
      side(
        { do: 'rename', text: 'A' },
        { do: 'remove', node: 4 },
        { do: 'data', node: 0, key: 'p', value: 1 },
      ),
      side({ do: 'rename', text: 'B' }, { do: 'add', id: 'new1', value: 1, to: 0 }),
    ],
  });
  expect(diff.fields).toMatchObject([
    { path: ['name'], base: 'Flow', sides: ['A', 'B'], by: [0, 1], conflict: true },
  ]);
  expect(diff.nodes.map(({ id, state, by, conflict }) => [id, state, by, conflict])).toEqual([
    ['a', 'changed', [0], false],
    ['e', 'removed', [0], false],
    ['new1', 'added', [1], false],
  ]);
  expect(diff.conflicts).toBe(1);
});

it('merges real and large flows without losing a byte of either side', () => {
  for (const flow of makeFlows({ seed: 4, count: 6 })) {
    const start = { ...flow, version: '1.0.0', createdAt: timeOf(0), updatedAt: timeOf(0) } as FlowContent;
    const renamed = { ...start, name: 'Renamed', updatedAt: timeOf(1) };
    const [first, ...others] = start.flow.nodes;
    const moved = { ...first, position: { x: 1, y: 2 } } as typeof first;
    const graph = { ...start.flow, nodes: moved ? [moved, ...others] : [] };
    const edited = { ...start, flow: graph, updatedAt: timeOf(2) };
    const { merged, conflicts } = mergeFlows({ base: start, sides: [renamed, edited] });
    expect(conflicts).toEqual([]);
    expect(merged).toEqual({ ...start, name: 'Renamed', flow: graph, updatedAt: timeOf(2) });
  }
});
