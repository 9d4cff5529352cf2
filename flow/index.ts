export { canonicalJson } from './canonical-json.ts';
export { contentHash } from './content-hash.ts';
export { diffFlows, type FlowDiff, type ListDiff } from './diff.ts';
export {
  cleanFlowInput,
  documentFromFlow,
  flowContent,
  flowFromDocument,
  type Flow,
  type FlowInput,
} from './flow.ts';
export { computeRevision } from './revision.ts';
export { sameContent } from './same-content.ts';
export { isIntactVersion, makeVersion } from './version.ts';
