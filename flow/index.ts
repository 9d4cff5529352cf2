export { canonicalJson } from './canonical-json.ts';
export { contentHash } from './content-hash.ts';
export { diffFlows, type FlowDiff, type ListDiff } from './diff.ts';
export { diff3, type EntryDiff3, type FlowDiff3 } from './diff3.ts';
export {
  cleanFlowInput,
  documentFromFlow,
  flowContent,
  flowFromDocument,
  unmarked,
  type Flow,
  type FlowInput,
} from './flow.ts';
export {
  endLeaf,
  mergeDocument,
  mergeVersion,
  type MergeDocumentInput,
  type OpenPair,
  type Settlement,
} from './merge-document.ts';
export { deviceRules, settingsRules } from './merge-by-time.ts';
export { executionRules } from './merge-executions.ts';
export { mergeFlows, type FlowMerge, type FlowSides, type MergeConflict } from './merge-flows.ts';
export { flowRules, type ConflictRule, type MergeRules } from './merge-rules.ts';
export type { Repair } from './repair-graph.ts';
export {
  compareRevisions,
  createRevisionGraph,
  movedFromOf,
  splitRevision,
  type Leaf,
  type LeafDocument,
} from './revision-graph.ts';
export type { MergeChange } from './three-way.ts';
export { computeRevision } from './revision.ts';
export { sameContent } from './same-content.ts';
export { isIntactVersion, makeVersion } from './version.ts';
