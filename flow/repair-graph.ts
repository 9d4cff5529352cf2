import type { FlowEdge, FlowNode } from '../schema/index.ts';

type Nodes = readonly FlowNode[];
type Edges = readonly FlowEdge[];

/** What a merge had to mend: an edge that lost an end, or a node that lost the group it stood in. */
export interface Repair {
  path: string[];
  kind: 'edge-removed' | 'parent-removed';
  /** The edge that went, or the node as it was. */
  entry: FlowEdge | FlowNode;
  /** Ids of nodes that are gone. */
  missing: string[];
}

interface Graph {
  nodes: FlowNode[];
  edges: FlowEdge[];
}

function parentOf(node: FlowNode): string | undefined {
  const { parentId, parentNode } = node as { parentId?: unknown; parentNode?: unknown };
  const parent = parentId ?? parentNode;
  return typeof parent === 'string' ? parent : undefined;
}

const idsOf = (nodes: Nodes) => new Set(nodes.map(({ id }) => id));

/** Whether a side had the same edge to nowhere: people's own graphs are left as they are. */
function wasDangling(edge: FlowEdge, missing: readonly string[], sides: readonly Sided[]): boolean {
  return sides.some(
    ({ ids, edges }) =>
      missing.every((id) => !ids.has(id)) &&
      edges.some(
        ({ id, source, target }) => id === edge.id && source === edge.source && target === edge.target,
      ),
  );
}

interface Sided {
  ids: Set<string>;
  nodes: Nodes;
  edges: Edges;
}

function dropDangling(graph: Graph, sides: readonly Sided[], repaired: Repair[]): FlowEdge[] {
  const ids = idsOf(graph.nodes);
  return graph.edges.filter((edge) => {
    const missing = [edge.source, edge.target].filter((id) => !ids.has(id));
    if (missing.length === 0 || wasDangling(edge, missing, sides)) return true;
    repaired.push({ path: ['flow', 'edges', edge.id], kind: 'edge-removed', entry: edge, missing });
    return false;
  });
}

/** A node whose group was deleted stays where it is drawn: its position becomes that of the canvas. */
function leaveGroup(node: FlowNode, group: FlowNode | undefined): FlowNode {
  const {
    parentId: _id,
    parentNode: _node,
    extent: _extent,
    ...rest
  } = node as FlowNode & Record<string, unknown>;
  const { position } = rest;
  if (!position || !group?.position) return rest;
  const moved = { ...position, x: position.x + group.position.x, y: position.y + group.position.y };
  return { ...rest, position: moved };
}

function dropParents(nodes: Nodes, sides: readonly Sided[], repaired: Repair[]): FlowNode[] {
  const ids = idsOf(nodes);
  return nodes.map((node) => {
    const parent = parentOf(node);
    if (parent === undefined || ids.has(parent)) return node;
    const isOld = sides.some(
      (side) =>
        !side.ids.has(parent) && side.nodes.some((own) => own.id === node.id && parentOf(own) === parent),
    );
    if (isOld) return node;
    repaired.push({
      path: ['flow', 'nodes', node.id],
      kind: 'parent-removed',
      entry: node,
      missing: [parent],
    });
    const group = sides.flatMap((side) => side.nodes.filter(({ id }) => id === parent));
    return leaveGroup(node, group[0]);
  });
}

/** React Flow draws a group only where it comes before what stands in it. */
function parentsFirst(nodes: Nodes): FlowNode[] {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const placed = new Set<FlowNode>();
  const place = (node: FlowNode, above: ReadonlySet<string>): void => {
    if (placed.has(node)) return;
    const parent = byId.get(parentOf(node) ?? '');
    if (parent && !above.has(parent.id)) place(parent, new Set([...above, node.id]));
    placed.add(node);
  };
  for (const node of nodes) place(node, new Set());
  return [...placed];
}

/**
 * Mends what a merge broke and no side had broken before: edges to deleted nodes go, nodes of deleted groups stand on
 * their own, and groups come before what they hold. `sides` in an order that does not depend on who merges.
 */
export function repairGraph(
  graph: Graph,
  sides: readonly { nodes: Nodes; edges: Edges }[],
): Graph & { repaired: Repair[] } {
  const known = sides.map(({ nodes, edges }) => ({ ids: idsOf(nodes), nodes, edges }));
  const repaired: Repair[] = [];
  const nodes = dropParents(graph.nodes, known, repaired);
  return {
    nodes: parentsFirst(nodes),
    edges: dropDangling({ nodes, edges: graph.edges }, known, repaired),
    repaired,
  };
}
