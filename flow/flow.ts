import {
  bareId,
  computedFlowFields,
  flowDocId,
  mergeMarks,
  replyOnlyFlowFields,
  schemaVersion,
  serverOnlyFields,
  type FlowContent,
  type FlowDocument,
  type ReactFlow,
} from '../schema/index.ts';

/** What an application hands in: a name and a graph, and any other field of a flow. */
export type FlowInput = Partial<FlowContent> & { name: string; flow: ReactFlow };

/** A flow as applications see it: a bare id, and the revision it was read at. */
export type Flow = FlowContent & { id: string; revision?: string };

const marks = new Set<string>([...serverOnlyFields, ...mergeMarks]);
const notContent = new Set<string>([...computedFlowFields, ...replyOnlyFlowFields, ...marks]);

function isContent([key, value]: [string, unknown]): boolean {
  return value !== undefined && !key.startsWith('_') && !notContent.has(key);
}

/** The fields of a document that are the flow itself: none of the engine's, the server's, or the computed ones. */
export function flowContent(doc: FlowContent): FlowContent {
  return Object.fromEntries(Object.entries(doc).filter(isContent)) as FlowContent;
}

/**
 * Drops from an input what only the server, the engine or a view may say, and fields that are null: to set a field to
 * null is to clear it. The graph is left as it is.
 */
export function cleanFlowInput(input: object): Partial<FlowContent> {
  return Object.fromEntries(Object.entries(input).filter((entry) => isContent(entry) && entry[1] !== null));
}

/** The document of a flow, without a revision. */
export function documentFromFlow(flow: Flow): FlowDocument {
  return {
    ...(cleanFlowInput(flow) as FlowContent),
    _id: flowDocId(flow.id),
    type: 'flow',
    schemaVersion,
  };
}

/**
 * A document without what the server or a merge wrote beside its content: who edits it makes a revision of his own,
 * which must not claim those.
 */
export function unmarked<T extends object>(doc: T): T {
  return Object.fromEntries(Object.entries(doc).filter(([key]) => !marks.has(key))) as T;
}

/** The flow of a document; fields that views compute are left out, whatever the document says. */
export function flowFromDocument(doc: FlowDocument): Flow {
  return {
    ...flowContent(doc),
    id: bareId(doc._id),
    ...(doc._rev === undefined ? {} : { revision: doc._rev }),
  };
}
