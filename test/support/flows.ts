import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { documentFromFlow, type FlowInput } from '../../flow/index.ts';
import type { FlowDocument, FlowEdge, FlowNode, ReactFlow } from '../../schema/index.ts';
import { createRandom, type Random } from './random.ts';

export interface FlowsOptions {
  seed: number;
  count: number;
  /** Bytes of JSON of each flow, roughly; without it 6 to 84 kB, most of them small. */
  size?: number;
}

const kinds = [
  'chatOpenAI',
  'bufferMemory',
  'retrieverTool',
  'conversationChain',
  'ifElse',
  'httpCall',
] as const;

function makeParameter(random: Random, n: number): Record<string, unknown> {
  return {
    label: random.words(2),
    name: `parameter${n}`,
    type: random.pick(['string', 'number', 'boolean', 'options', 'code']),
    description: random.words(random.integer(4, 14)),
    optional: random.chance(0.5),
    additionalParams: random.chance(0.3),
    default: random.pick([null, '', 0, false, 0.9, [], { nested: { deeply: [1, null, 'ü'] } }]),
  };
}

function makeAnchor(random: Random, node: string, end: string): Record<string, unknown> {
  const name = random.pick(kinds);
  return {
    id: `${node}-${end}-${name}-BaseChatModel|Runnable`,
    name,
    label: random.words(2),
    list: random.chance(0.2),
  };
}

/** A node as flow builders save them: what React Flow knows, what it once knew, and the application's own. */
function makeNode(random: Random, n: number, bytes: number): FlowNode {
  const kind = random.pick(kinds);
  const id = `${kind}_${n}`;
  const position = { x: random.next() * 2000 - 500, y: random.integer(-500, 1500) };
  const node = {
    id,
    type: 'customNode',
    position,
    positionAbsolute: position,
    width: 300,
    height: random.integer(100, 900),
    selected: random.chance(0.1),
    dragging: false,
    unknownToEveryone: { kept: true, 'key with spaces': [null, 1.5, 'text'] },
    data: {
      id,
      label: random.words(2),
      version: random.integer(1, 4),
      name: kind,
      baseClasses: [kind, 'BaseChatModel', 'Runnable'],
      inputAnchors: [makeAnchor(random, id, 'input')],
      inputParams: [makeParameter(random, 0)],
      inputs: {
        prompt: random.words(12),
        temperature: random.next(),
        stop: '',
        tools: [`{{${id}.data.instance}}`],
      },
      outputAnchors: [makeAnchor(random, id, 'output')],
      outputs: {},
    },
  };
  let length = JSON.stringify(node).length;
  for (let parameter = 1; length < bytes; parameter += 1) {
    const made = makeParameter(random, parameter);
    node.data.inputParams.push(made);
    length += JSON.stringify(made).length + 1;
  }
  return node;
}

function makeEdge(random: Random, source: FlowNode, target: FlowNode): FlowEdge {
  const sourceHandle = `${source.id}-output-${random.pick(kinds)}`;
  const targetHandle = random.chance(0.1) ? null : `${target.id}-input-${random.pick(kinds)}`;
  return {
    id: `${source.id}-${sourceHandle}-${target.id}-${targetHandle}`,
    source: source.id,
    sourceHandle,
    target: target.id,
    targetHandle,
    type: 'buttonedge',
    data: { label: random.chance(0.3) ? random.words(2) : '' },
  };
}

function makeGraph(random: Random, size: number | undefined): ReactFlow {
  const bytes = size ?? 6_000 + Math.floor(78_000 * random.next() ** 2.5);
  const count = Math.min(22, Math.max(2, Math.round(bytes / random.integer(2_500, 4_500))));
  const nodes = Array.from({ length: count }, (_, n) => makeNode(random, n, bytes / count - 350));
  const edges = nodes
    .slice(1)
    .map((node, n) => makeEdge(random, nodes[random.integer(0, n)] as FlowNode, node));
  const viewport = { x: random.integer(-900, 900), y: random.integer(-900, 900), zoom: 0.5 + random.next() };
  return { nodes, edges, viewport, applicationVersion: '3.0.1' };
}

function makeFlow(random: Random, n: number, size: number | undefined): FlowInput {
  return {
    name: `${random.words(3)} ${n}`,
    description: random.words(random.integer(5, 30)),
    tags: Array.from({ length: random.integer(0, 4) }, (_, tag) => `${random.pick(kinds)}${tag}`),
    category: random.pick(['support', 'research', 'writing', 'data']),
    status: random.pick(['draft', 'active', 'active', 'archived']),
    visibility: 'private',
    version: '1.0.0',
    flow: makeGraph(random, size),
  };
}

/** Flows like those people draw: 2 to 22 nodes, fields nobody knows inside nodes and edges. No ids, no times. */
export function makeFlows({ seed, count, size }: FlowsOptions): FlowInput[] {
  const random = createRandom(seed);
  return Array.from({ length: count }, (_, n) => makeFlow(random, n, size));
}

/** The same flows as documents, with ids and times of the seed's own. */
export function makeFlowDocuments(options: FlowsOptions): FlowDocument[] {
  const random = createRandom(options.seed + 1);
  return makeFlows(options).map((flow) => {
    const created = Date.UTC(2025, 0, 1) + random.integer(0, 300 * 86_400_000);
    return documentFromFlow({
      ...flow,
      id: random.uuid(),
      version: '1.0.0',
      createdAt: new Date(created).toISOString(),
      updatedAt: new Date(created + random.integer(0, 30 * 86_400_000)).toISOString(),
    });
  });
}

/** Flows as their users drew them, where a collection lies beside the checkout; none elsewhere. */
export function realFlows(): { name: string; flow: ReactFlow }[] {
  const folder = fileURLToPath(new URL('../../../shared/flows/', import.meta.url));
  if (!existsSync(folder)) return [];
  const files = readdirSync(folder).filter((file) => file.endsWith('.json'));
  return files.map((file) => ({
    name: file.slice(0, -'.json'.length),
    flow: JSON.parse(readFileSync(folder + file, 'utf8')) as ReactFlow,
  }));
}
