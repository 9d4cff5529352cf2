import type { Flow } from '../../client-sync/index.ts';

/** Where a value stands in a flow: `field:name`, `node:n1:label`, `node:n1:position`, `edge:e1:label`. */
export type Slot = string;

/** Every value written is another number, so that it can be found again wherever it went. */
export type Values = Map<Slot, number>;

const positionBase = 5_000_000;
const textFields = ['name', 'description', 'readme', 'note'] as const;

interface Node {
  id: string;
  position?: { x: number; y: number };
  color?: string;
  data?: { label?: string; prompt?: string };
}
interface Edge {
  id: string;
  source: string;
  target: string;
  data?: { label?: string };
}
type Graph = { nodes: Node[]; edges: Edge[] };

const textOf = (token: number): string => `w${token}`;
/** A copy that was kept for somebody has a name that says so. */
const tokenOf = (text: unknown): number | null =>
  typeof text === 'string' && /^w\d+( \(copy\))?$/.test(text) ? Number.parseInt(text.slice(1), 10) : null;

/** The numbers that occur in a text, wherever. */
export function* tokensIn(text: string): Generator<{ token: number; index: number }> {
  for (const match of text.matchAll(/"w(\d+)(?: \(copy\))?"|"x":5(\d{6})\b/g))
    yield { token: Number(match[1] ?? match[2]), index: match.index };
}

/** What a flow says, slot by slot. */
export function valuesOf(flow: object): Values {
  const values: Values = new Map();
  const note = (slot: Slot, token: number | null): void => {
    if (token !== null) values.set(slot, token);
  };
  const fields = flow as Record<string, unknown>;
  for (const field of textFields) note(`field:${field}`, tokenOf(fields[field]));
  const { nodes = [], edges = [] } = (fields.flow ?? {}) as Partial<Graph>;
  for (const { id, position, color, data } of nodes) {
    note(`node:${id}:label`, tokenOf(data?.label));
    note(`node:${id}:prompt`, tokenOf(data?.prompt));
    note(`node:${id}:color`, tokenOf(color));
    if ((position?.x ?? 0) >= positionBase)
      note(`node:${id}:position`, (position as { x: number }).x - positionBase);
  }
  for (const { id, data } of edges) note(`edge:${id}:label`, tokenOf(data?.label));
  return values;
}

/** A change a person makes to a flow, and what it does to the graph. */
export type Change =
  | { kind: 'field'; field: (typeof textFields)[number] }
  | { kind: 'node'; node: number; part: 'label' | 'prompt' | 'color' | 'position' }
  | { kind: 'add-node' }
  | { kind: 'remove-node'; node: number }
  | { kind: 'add-edge'; from: number; to: number }
  | { kind: 'edge'; edge: number }
  | { kind: 'remove-edge'; edge: number };

export type Patch = Partial<Pick<Flow, 'name' | 'description' | 'readme' | 'flow'>> & { note?: string };

/** The patch that makes the changes to a flow, each with a new value. */
export function patchOf(flow: Flow, changes: readonly Change[], nextToken: () => number): Patch {
  const patch: Patch = {};
  const graph = structuredClone(flow.flow) as unknown as Graph;
  const isGraph = changes.some(({ kind }) => kind !== 'field');
  for (const change of changes) {
    if (change.kind === 'field') patch[change.field] = textOf(nextToken());
    else changeGraph(graph, change, nextToken);
  }
  if (isGraph) patch.flow = graph as unknown as Flow['flow'];
  return patch;
}

function changeGraph(graph: Graph, change: Exclude<Change, { kind: 'field' }>, next: () => number): void {
  const node = (n: number): Node | undefined => graph.nodes[n % Math.max(1, graph.nodes.length)];
  const edge = (n: number): Edge | undefined => graph.edges[n % Math.max(1, graph.edges.length)];
  if (change.kind === 'add-node') {
    const token = next();
    graph.nodes.push({ id: `n${token}`, position: { x: 1, y: 1 }, data: { label: textOf(token) } });
  } else if (change.kind === 'add-edge') {
    const [source, target] = [node(change.from)?.id, node(change.to)?.id];
    const token = next();
    if (source !== undefined && target !== undefined)
      graph.edges.push({ id: `e${token}`, source, target, data: { label: textOf(token) } });
  } else if (change.kind === 'remove-edge') {
    graph.edges = graph.edges.filter((each) => each !== edge(change.edge));
  } else if (change.kind === 'edge') {
    const found = edge(change.edge);
    if (found) found.data = { ...found.data, label: textOf(next()) };
  } else changeNode(graph, node(change.node), change, next);
}

function changeNode(
  graph: Graph,
  node: Node | undefined,
  change: Extract<Change, { kind: 'node' | 'remove-node' }>,
  next: () => number,
): void {
  if (!node) return;
  if (change.kind === 'remove-node') {
    graph.nodes = graph.nodes.filter((each) => each !== node);
    // As an honest editor does: what hung on the node goes with it.
    graph.edges = graph.edges.filter(({ source, target }) => source !== node.id && target !== node.id);
    return;
  }
  const token = next();
  if (change.part === 'position') node.position = { x: positionBase + token, y: 0 };
  else if (change.part === 'color') node.color = textOf(token);
  else node.data = { ...node.data, [change.part]: textOf(token) };
}

/** A new flow of three nodes and two edges, all of its values new. */
export function newFlow(next: () => number): Required<Pick<Patch, 'name' | 'description' | 'flow'>> {
  const nodes = Array.from({ length: 3 }, (_, n) => {
    const data = { label: textOf(next()), prompt: textOf(next()) };
    return { id: `n${n}`, position: { x: positionBase + next(), y: n }, color: textOf(next()), data };
  });
  const edges = [0, 1].map((n) => ({
    id: `e${n}`,
    source: `n${n}`,
    target: `n${n + 1}`,
    data: { label: textOf(next()) },
  }));
  return { name: textOf(next()), description: textOf(next()), flow: { nodes, edges } };
}
