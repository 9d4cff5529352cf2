import { computedFlowFields, mergeMarks, serverOnlyFields, type FlowContent } from '../schema/index.ts';
import { canonicalJson } from './canonical-json.ts';
import { equalJson } from './equal-json.ts';

/** When, where and under which number something was saved: two flows that differ in nothing else are no conflict. */
const bookkeeping = new Set<string>([
  ...computedFlowFields,
  ...serverOnlyFields,
  ...mergeMarks,
  'revision',
  'createdAt',
  'updatedAt',
  'lastAccessedAt',
  'deletedAt',
  'deletedBy',
  'version',
  'versionHistory',
  'createdOnDevice',
  'lastModifiedOnDevice',
  'userAgent',
]);

function content(flow: FlowContent, viewport: boolean): object {
  const kept = Object.entries(flow).filter(([key]) => !bookkeeping.has(key) && !key.startsWith('_'));
  const { viewport: view, ...graph } = flow.flow;
  return { ...Object.fromEntries(kept), flow: viewport ? { ...graph, viewport: view } : graph };
}

/**
 * Whether two flows say the same: differences in times, devices and version numbers do not count, nor does the
 * viewport, unless `viewport` is set (an autosave keeps it, a conflict over it would be absurd).
 */
export function sameContent(a: FlowContent, b: FlowContent, options: { viewport?: boolean } = {}): boolean {
  const [left, right] = [a, b].map((flow) => content(flow, options.viewport ?? false));
  return canonicalJson(left) === canonicalJson(right);
}

/** The same of two flows that a database gave, which hold nothing but JSON: many times faster. */
export function sameStoredContent(a: FlowContent, b: FlowContent): boolean {
  return equalJson(content(a, false), content(b, false));
}
