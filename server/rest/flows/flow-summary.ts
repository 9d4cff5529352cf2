import { bareId, type FlowDocument } from '../../../schema/index.ts';
import type { Stored } from '../store/document-store.ts';

/** What lists show of a flow: everything but its graph and long texts. */
export interface FlowSummary {
  id: string;
  revision: string;
  name: string;
  description?: string;
  author?: string;
  tags?: string[];
  category?: string;
  visibility?: FlowDocument['visibility'];
  version: string;
  status?: FlowDocument['status'];
  isTemplate?: boolean;
  isFavorite?: boolean;
  pinLevel?: FlowDocument['pinLevel'];
  parentFlowId?: string;
  createdAt: string;
  updatedAt: string;
  publishedAt?: string;
  deleted?: boolean;
  deletedAt?: string;
  deletedBy?: string;
  nodeCount: number;
  edgeCount: number;
  /** How many losing leaves wait for somebody to choose. */
  conflicts: number;
}

/** The fields that a summary takes from the document as they are. */
const copiedFields = [
  'name',
  'description',
  'author',
  'tags',
  'category',
  'visibility',
  'version',
  'status',
  'isTemplate',
  'isFavorite',
  'pinLevel',
  'parentFlowId',
  'createdAt',
  'updatedAt',
  'publishedAt',
  'deleted',
  'deletedAt',
  'deletedBy',
] as const satisfies readonly (keyof FlowSummary)[];

/** The summary of a stored flow. */
export function summarizeFlow(doc: FlowDocument & Stored): FlowSummary {
  const copied = Object.fromEntries(
    copiedFields.flatMap((field) => (doc[field] === undefined ? [] : [[field, doc[field]]])),
  ) as Pick<FlowSummary, (typeof copiedFields)[number]>;
  return {
    id: bareId(doc._id),
    revision: doc._rev,
    ...copied,
    nodeCount: doc.flow.nodes.length,
    edgeCount: doc.flow.edges.length,
    conflicts: doc._conflicts?.length ?? 0,
  };
}
