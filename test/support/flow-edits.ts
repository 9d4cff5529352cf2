import * as fc from 'fast-check';
import type { FlowContent } from '../../schema/index.ts';

type Fields = Record<string, unknown>;
type Graph = FlowContent['flow'];

/** What somebody does to a flow, for tests that compare what several people did. */
export type FlowEdit =
  | { do: 'rename'; text: string }
  | { do: 'field'; field: string; value: unknown }
  | { do: 'tag'; tag: string; on: boolean }
  | { do: 'move'; node: number; x: number; y: number }
  | { do: 'data'; node: number; key: string; value: unknown }
  | { do: 'select'; node: number }
  | { do: 'add'; id: string; value: number; to: number }
  | { do: 'remove'; node: number }
  | { do: 'edge'; edge: number; label: string }
  | { do: 'cut'; edge: number }
  | { do: 'sort' }
  | { do: 'look'; x: number }
  | { do: 'delete' }
  | { do: 'restore' };

const small = fc.integer({ min: 0, max: 4 });
const value = fc.oneof(
  fc.integer({ min: 0, max: 2 }),
  fc.constantFrom(null, 'a', [1], { deep: 1 }, { deep: 2, other: null }),
);

/** Edits that meet often: few nodes, few fields, few values. */
export const flowEdit: fc.Arbitrary<FlowEdit> = fc.oneof(
  fc.record({ do: fc.constant('rename' as const), text: fc.constantFrom('One', 'Two', 'Three') }),
  fc.record({
    do: fc.constant('field' as const),
    field: fc.constantFrom('description', 'category', 'own', 'constructor'),
    value: fc.constantFrom('x', 'y', undefined),
  }),
  fc.record({ do: fc.constant('tag' as const), tag: fc.constantFrom('a', 'b', 'c', 'd'), on: fc.boolean() }),
  fc.record({ do: fc.constant('move' as const), node: small, x: small, y: small }),
  fc.record({ do: fc.constant('data' as const), node: small, key: fc.constantFrom('p', 'q', 'r'), value }),
  fc.record({ do: fc.constant('select' as const), node: small }),
  fc.record({
    do: fc.constant('add' as const),
    id: fc.constantFrom('new1', 'new2', 'new3'),
    value: small,
    to: small,
  }),
  fc.record({ do: fc.constant('remove' as const), node: small }),
  fc.record({ do: fc.constant('edge' as const), edge: small, label: fc.constantFrom('yes', 'no') }),
  fc.record({ do: fc.constant('cut' as const), edge: small }),
  fc.constant({ do: 'sort' as const }),
  fc.record({ do: fc.constant('look' as const), x: small }),
  fc.constant({ do: 'delete' as const }),
  fc.constant({ do: 'restore' as const }),
);

const at = (list: readonly unknown[], index: number): number =>
  list.length === 0 ? -1 : index % list.length;

function changeNode(graph: Graph, index: number, change: (node: Graph['nodes'][number]) => object): Graph {
  const place = at(graph.nodes, index);
  const nodes = graph.nodes.map((node, n) => (n === place ? { ...node, ...change(node) } : node));
  return { ...graph, nodes };
}

function addNode(graph: Graph, { id, value: number, to }: Extract<FlowEdit, { do: 'add' }>): Graph {
  if (graph.nodes.some((node) => node.id === id)) return graph;
  const target = graph.nodes[at(graph.nodes, to)]?.id;
  const node = { id, position: { x: number, y: 0 }, data: { number } };
  const edge = target === undefined ? [] : [{ id: `${id}-${target}`, source: id, target }];
  return { ...graph, nodes: [...graph.nodes, node], edges: [...graph.edges, ...edge] };
}

function editGraph(graph: Graph, edit: FlowEdit): Graph {
  switch (edit.do) {
    case 'move':
      return changeNode(graph, edit.node, () => ({ position: { x: edit.x, y: edit.y } }));
    case 'data':
      return changeNode(graph, edit.node, ({ data }) => ({
        data: { ...(data as Fields), [edit.key]: edit.value },
      }));
    case 'select':
      return changeNode(graph, edit.node, ({ selected }) => ({ selected: selected !== true }));
    case 'add':
      return addNode(graph, edit);
    case 'remove': {
      const gone = graph.nodes[at(graph.nodes, edit.node)]?.id;
      const edges = graph.edges.filter(({ source, target }) => source !== gone && target !== gone);
      return { ...graph, nodes: graph.nodes.filter(({ id }) => id !== gone), edges };
    }
    case 'edge':
      return {
        ...graph,
        edges: graph.edges.map((edge, n) =>
          n === at(graph.edges, edit.edge) ? { ...edge, label: edit.label } : edge,
        ),
      };
    case 'cut':
      return { ...graph, edges: graph.edges.filter((_, n) => n !== at(graph.edges, edit.edge)) };
    case 'sort':
      return { ...graph, nodes: graph.nodes.toReversed() };
    case 'look':
      return { ...graph, viewport: { x: edit.x, y: 0, zoom: 1 } };
    default:
      return graph;
  }
}

/** The flow after an edit made at that time. */
export function editFlow<T extends FlowContent>(flow: T, edit: FlowEdit, updatedAt: string): T {
  const next: Fields = { ...flow, updatedAt, flow: editGraph(flow.flow, edit) };
  if (edit.do === 'rename') next.name = edit.text;
  if (edit.do === 'tag') {
    const others = (flow.tags ?? []).filter((tag) => tag !== edit.tag);
    next.tags = edit.on ? [...others, edit.tag] : others;
  }
  if (edit.do === 'delete') Object.assign(next, { deleted: true, deletedAt: updatedAt });
  if (edit.do === 'restore' || (edit.do === 'field' && edit.value === undefined)) {
    const gone = edit.do === 'restore' ? ['deleted', 'deletedAt'] : [edit.field];
    return Object.fromEntries(Object.entries(next).filter(([key]) => !gone.includes(key))) as T;
  }
  if (edit.do === 'field') return { ...next, ...Object.fromEntries([[edit.field, edit.value]]) } as T;
  return next as T;
}

export const timeOf = (step: number): string => new Date(Date.UTC(2025, 0, 1) + step * 1000).toISOString();

/** A flow of five nodes in a row. */
export function startFlow(): FlowContent {
  const ids = ['a', 'b', 'c', 'd', 'e'];
  return {
    name: 'Flow',
    version: '1.0.0',
    createdAt: timeOf(0),
    updatedAt: timeOf(0),
    tags: ['a', 'b'],
    flow: {
      nodes: ids.map((id, n) => ({ id, position: { x: n, y: n }, data: { p: 0, q: 'start' } })),
      edges: ids.slice(1).map((id, n) => ({ id: `e${n}`, source: ids[n] as string, target: id })),
      viewport: { x: 0, y: 0, zoom: 1 },
    },
  };
}
