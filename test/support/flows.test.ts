import { expect, test } from 'vitest';
import { flowDocumentSchema, reactFlowSchema } from '../../schema/index.ts';
import { makeFlowDocuments, makeFlows, realFlows } from './flows.ts';

const bytes = (value: unknown): number => JSON.stringify(value).length;

test('the same seed makes the same flows, another seed others', () => {
  expect(makeFlows({ seed: 1, count: 3 })).toEqual(makeFlows({ seed: 1, count: 3 }));
  expect(makeFlows({ seed: 1, count: 3 })).not.toEqual(makeFlows({ seed: 2, count: 3 }));
});

test('made flows have the size and shape of real ones, and are valid documents', () => {
  const docs = makeFlowDocuments({ seed: 7, count: 200 });
  for (const doc of docs) {
    expect(flowDocumentSchema.safeParse(doc).error).toBeUndefined();
    expect(doc.flow.nodes.length).toBeGreaterThanOrEqual(2);
    expect(doc.flow.nodes.length).toBeLessThanOrEqual(22);
  }
  const sizes = docs.map(bytes).toSorted((a, b) => a - b);
  expect(sizes[0]).toBeGreaterThan(5_000);
  expect(sizes.at(-1)).toBeLessThan(95_000);
  expect(sizes.at(-1)).toBeGreaterThan(60_000);
});

test('a size that is asked for is met within a fifth', () => {
  for (const size of [10_000, 100_000, 1_000_000]) {
    const [flow] = makeFlows({ seed: 3, count: 1, size });
    expect(Math.abs(bytes(flow) - size) / size).toBeLessThan(0.2);
  }
});

test('flows drawn by people pass the schema unchanged', () => {
  for (const { flow } of realFlows()) expect(reactFlowSchema.parse(flow)).toEqual(flow);
});
