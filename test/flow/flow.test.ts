import { expect, test } from 'vitest';
import { cleanFlowInput, documentFromFlow, flowFromDocument } from '../../flow/index.ts';
import { flowDocumentSchema, type FlowDocument } from '../../schema/index.ts';
import { makeFlowDocuments } from '../support/flows.ts';

const [doc] = makeFlowDocuments({ seed: 5, count: 1 }) as [FlowDocument];

test('a flow and its document are each other’s image', () => {
  const flow = flowFromDocument({ ...doc, _rev: '2-a' });
  expect(flow.id).toBe(doc._id.slice('flow:'.length));
  expect(flow.revision).toBe('2-a');
  expect(Object.keys(flow).filter((key) => key.startsWith('_'))).toEqual([]);
  expect(documentFromFlow(flow)).toEqual(doc);
  expect(flowDocumentSchema.safeParse(documentFromFlow(flow)).success).toBe(true);
});

test('an input loses what only server, engine and views may say, and keeps its own fields', () => {
  const input = {
    name: 'n',
    own: { a: null },
    id: 'x',
    revision: '1-a',
    type: 'other',
    schemaVersion: 9,
    _rev: '1-a',
    _id: 'flow:x',
    executionCount: 3,
    successRate: 1,
    avgExecutionTime: 2,
    lastExecutedAt: 'now',
    ownerId: 'me',
    spaceId: 's',
    settee: {},
    movedFrom: 'y',
    syncedToCloud: true,
    description: null,
    category: undefined,
  };
  expect(cleanFlowInput(input)).toEqual({ name: 'n', own: { a: null } });
});

test('computed fields of a document are never shown', () => {
  const flow = flowFromDocument({ ...doc, executionCount: 1e6, successRate: 100 });
  expect(flow).not.toHaveProperty('executionCount');
  expect(flow).not.toHaveProperty('successRate');
});
