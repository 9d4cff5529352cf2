import { basename, extname } from 'node:path';
import { v5 as uuidV5 } from 'uuid';
import { z } from 'zod';
import { cleanFlowInput, contentHash, documentFromFlow } from '../../../flow/index.ts';
import {
  flowContentSchema,
  flowDocumentSchema,
  limits,
  uuidPattern,
  type FlowDocument,
} from '../../../schema/index.ts';

/** Names our ids among all UUIDs of version 5 (RFC 9562, 5.5); made once, never changed. */
const namespace = '5e77ee00-1a9c-5c0d-9b6e-2f1d7c3a8b40';

/** What a file turned out to be: a flow, or why it is none. */
export type FileOutcome = { flow: FlowDocument } | { reason: string };

const graphSchema = z.looseObject({ nodes: z.array(z.unknown()), edges: z.array(z.unknown()) });
type Graph = z.infer<typeof graphSchema>;

interface FoundGraph {
  graph: Graph;
  /** Fields of a flow that stood around the graph. */
  fields: Record<string, unknown>;
}

function asGraph(value: unknown): Graph | null {
  const parsed = typeof value === 'string' ? parseJson(value) : value;
  return graphSchema.safeParse(parsed).data ?? null;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Finds the graph: the object itself, or under the key in which some application wraps it. */
function findGraph(content: unknown): FoundGraph | null {
  const bare = asGraph(content);
  if (bare) return { graph: bare, fields: {} };
  const wrapper = z.looseObject({}).safeParse(content).data;
  if (!wrapper) return null;
  // `flow`: an export of Settee's own kind. `flowData`: Flowise's, as text. `data`: Langflow's.
  for (const key of ['flow', 'flowData', 'data']) {
    const graph = asGraph(wrapper[key]);
    if (graph === null) continue;
    const { [key]: _graph, ...fields } = wrapper;
    return { graph, fields };
  }
  return null;
}

/** Fields around a graph that are what Settee means by them; anything else would make the flow invalid, and is left out. */
function usableFields(fields: Record<string, unknown>): Record<string, unknown> {
  const shape: Record<string, z.ZodType> = flowContentSchema.shape;
  const kept = Object.entries(cleanFlowInput(fields)).filter(
    ([key, value]) => shape[key]?.safeParse(value).success ?? true,
  );
  return Object.fromEntries(kept);
}

function nameOf(fields: Record<string, unknown>, file: string): string {
  const given = typeof fields['name'] === 'string' ? fields['name'].trim() : '';
  const name = given === '' ? basename(file, extname(file)).trim() : given;
  return (name === '' ? 'Imported flow' : name).slice(0, limits.name);
}

/** A file's own id where it has one, as an export does; else one that follows from the user and the content. */
function idOf(fields: Record<string, unknown>, graph: Graph, owner: string): string {
  const own = typeof fields['id'] === 'string' ? fields['id'].toLowerCase() : '';
  return uuidPattern.test(own) ? own : uuidV5(`${owner}:${contentHash(graph)}`, namespace);
}

/**
 * Reads the text of one file. The same content always becomes the same id for the same owner, so that an import can
 * be run twice; nodes and edges stay as they are, unknown fields included.
 */
export function flowFromFile(text: string, options: { file: string; owner: string; now: Date }): FileOutcome {
  const content = parseJson(text);
  if (content === undefined) return { reason: 'it is not JSON' };
  const found = findGraph(content);
  if (!found) return { reason: 'it holds no React Flow graph (an object with nodes and edges)' };
  const { graph, fields } = found;
  const now = options.now.toISOString();
  const description = typeof graph['description'] === 'string' ? { description: graph['description'] } : {};
  const flow = documentFromFlow({
    version: '1.0.0',
    createdAt: now,
    updatedAt: now,
    ...usableFields({ ...description, ...fields }),
    name: nameOf(fields, options.file),
    id: idOf(fields, graph, options.owner),
    // Checked as part of the document, below.
    flow: graph as FlowDocument['flow'],
  });
  const checked = flowDocumentSchema.safeParse(flow);
  if (checked.success) return { flow: checked.data };
  const [issue] = checked.error.issues;
  return { reason: `${issue?.path.join('.') ?? 'it'}: ${issue?.message ?? 'is not valid'}` };
}
