import { diff3, mergeDocument, mergeFlows, type Leaf, type LeafDocument } from '../flow/index.ts';
import { computeRevision } from '../flow/revision.ts';
import type { FlowContent } from '../schema/index.ts';
import { makeFlows, realFlows } from '../test/support/flows.ts';
import { ratioRow, time } from './compare.ts';
import { median, type Row } from './table.ts';

const at = (second: number) => new Date(Date.UTC(2025, 0, 1) + second * 1000).toISOString();

/** The largest real flows where there are any, else generated ones, as three versions: a base and two edits of it. */
function largest(count: number): FlowContent[] {
  const real = realFlows().map(({ name, flow }) => ({ name, flow }));
  const all = real.length > 0 ? real : makeFlows({ seed: 1, count: 20 });
  return all
    .map((flow) => ({ ...flow, version: '1.0.0', createdAt: at(0), updatedAt: at(0) }))
    .toSorted((a, b) => JSON.stringify(b).length - JSON.stringify(a).length)
    .slice(0, count);
}

/** Every `step`-th node moved and renamed, from a first one on. */
function edited(flow: FlowContent, [first, step]: [number, number], second: number): FlowContent {
  const copy = structuredClone(flow);
  for (let n = first; n < copy.flow.nodes.length; n += step) {
    const node = copy.flow.nodes[n] as { position?: object; data?: object };
    node.position = { x: n, y: second };
    node.data = { ...node.data, label: `Edited ${second}` };
  }
  return { ...copy, updatedAt: at(second) };
}

/** A comparison in full, the way applications do without a library: key by key, and the result as a copy. */
function plainEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  const [left, right] = [a as Record<string, unknown>, b as Record<string, unknown>];
  const keys = Object.keys(left);
  return keys.length === Object.keys(right).length && keys.every((key) => plainEqual(left[key], right[key]));
}

function plainWork(base: FlowContent, a: FlowContent, b: FlowContent): unknown {
  return [
    plainEqual(base, a),
    plainEqual(base, b),
    JSON.parse(JSON.stringify(a)),
    JSON.parse(JSON.stringify(b)),
  ];
}

async function medianOf(work: () => unknown, rounds: number): Promise<number> {
  const taken: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    taken.push(await time(() => Promise.resolve(void work())));
  }
  return median(taken);
}

function leavesOf(versions: FlowContent[]): Leaf[] {
  const documents = versions.map((flow) => {
    const identity = { _id: 'flow:00000000-0000-4000-8000-000000000001', type: 'flow', schemaVersion: 1 };
    return { ...flow, ...identity };
  });
  const root = computeRevision(documents[0] as LeafDocument);
  return documents.map((document, index) => ({
    document,
    ancestry: index === 0 ? [root] : [computeRevision(document, 2, root), root],
  }));
}

/** Merges of the largest flows against copying and comparing the same documents as plain JSON. */
export async function mergeCost(rounds: number): Promise<Row[]> {
  const rows: Row[] = [];
  for (const base of largest(3)) {
    const [a, b] = [edited(base, [0, 2], 1), edited(base, [1, 2], 2)];
    const [root, left, right] = leavesOf([base, a, b]) as [Leaf, Leaf, Leaf];
    const bases = new Map([[root.ancestry[0] ?? '', root.document]]);
    const kilobytes = Math.round(JSON.stringify(base).length / 1000);
    const plain = await medianOf(() => plainWork(base, a, b), rounds);
    const parts: [string, number, () => unknown][] = [
      ['merge', 3, () => mergeFlows({ base, sides: [a, b] })],
      ['difference for a screen', 3, () => diff3({ base, sides: [a, b] })],
      ['merge with revision and tombstones', 12, () => mergeDocument({ leaves: [left, right], bases })],
    ];
    for (const [what, aim, work] of parts) {
      const line = `${what}, ${base.name.slice(0, 30)} (${kilobytes} kB, ${base.flow.nodes.length} nodes)`;
      rows.push(ratioRow(line, await medianOf(work, rounds), plain, aim));
    }
  }
  return rows;
}
