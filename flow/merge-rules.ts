import type { FlowContent } from '../schema/index.ts';
import type { MergeConflict } from './merge-flows.ts';
import { mergeFlows } from './merge-flows.ts';
import type { Repair } from './repair-graph.ts';
import type { LeafDocument } from './revision-graph.ts';
import { sameStoredContent } from './same-content.ts';

/** What becomes of two leaves of a document: merge them, let the later one show, or leave both to a person. */
export type ConflictRule = 'merge' | 'last-write-wins' | 'ask';

/** What two sides give together. */
export interface Combined {
  /** Fields of the document, without the engine's and without identity. */
  content: Record<string, unknown>;
  conflicts: MergeConflict[];
  repaired: Repair[];
}

/** How documents of one type merge. */
export interface MergeRules {
  /** Whether merging asks what the sides have in common. */
  needsBase: boolean;
  /** Whether what loses is kept as a version. */
  keepsVersions: boolean;
  /** Whether two documents differ in nothing that anybody needs to see. */
  same: (a: LeafDocument, b: LeafDocument) => boolean;
  combine: (base: LeafDocument | null, sides: readonly [LeafDocument, LeafDocument]) => Combined;
}

const flowOf = (document: LeafDocument) => document as unknown as FlowContent;

/** Flows, by node, edge and field. */
export const flowRules: MergeRules = {
  needsBase: true,
  keepsVersions: true,
  same: (a, b) => (a.deleted === true) === (b.deleted === true) && sameStoredContent(flowOf(a), flowOf(b)),
  combine(base, sides) {
    const { merged, conflicts, repaired } = mergeFlows({
      base: base && flowOf(base),
      sides: sides.map(flowOf),
    });
    return { content: merged, conflicts, repaired };
  },
};
