import { randomUUID } from 'node:crypto';
import { makeFlows, realFlows } from '../test/support/flows.ts';

const now = new Date().toISOString();

function flowDocument(name: string, flow: unknown): object {
  return {
    _id: `flow:${randomUUID()}`,
    type: 'flow',
    schemaVersion: 1,
    name,
    version: '1.0.0',
    createdAt: now,
    updatedAt: now,
    flow,
  };
}

/** Flows with an empty graph, some 200 bytes each. */
export function smallDocuments(count: number): object[] {
  return Array.from({ length: count }, (_, index) =>
    flowDocument(`small ${index}`, { nodes: [], edges: [] }),
  );
}

/** Flows as people drew them, repeated up to the count; made ones where the real ones are not at hand. */
export function realDocuments(count: number): object[] {
  const real = realFlows();
  const graphs = real.length > 0 ? real : makeFlows({ seed: 7, count: 34 });
  return Array.from({ length: count }, (_, index) => {
    const { name, flow } = graphs[index % graphs.length] as { name: string; flow: unknown };
    return flowDocument(`${name} ${index}`, flow);
  });
}
