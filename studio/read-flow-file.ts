import type { FlowInput } from '../client-sync/index.ts';

/** Reads a React Flow file, `{nodes, edges, …}`; its name becomes the flow's. Throws with words for the person. */
export async function readFlowFile(file: File): Promise<FlowInput> {
  let content: unknown;
  try {
    content = JSON.parse(await file.text());
  } catch {
    throw new Error('not a JSON file');
  }
  if (!isGraph(content)) throw new Error('no React Flow graph: nodes and edges are missing');
  const description = typeof content.description === 'string' ? { description: content.description } : {};
  return { name: file.name.replace(/\.json$/i, '').slice(0, 255), ...description, flow: content };
}

function isGraph(value: unknown): value is FlowInput['flow'] & { description?: unknown } {
  return (
    typeof value === 'object' &&
    value !== null &&
    'nodes' in value &&
    Array.isArray(value.nodes) &&
    'edges' in value &&
    Array.isArray(value.edges)
  );
}
