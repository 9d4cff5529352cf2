import { computedFlowFields, mergeMarks, serverOnlyFields, type FlowContent } from '../schema/index.ts';
import { canonicalJson } from './canonical-json.ts';

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

function content(flow: FlowContent, viewport: boolean): string {
  const kept = Object.entries(flow).filter(([key]) => !bookkeeping.has(key) && !key.startsWith('_'));
  const { viewport: view, ...graph } = flow.flow;
  return canonicalJson({
    ...Object.fromEntries(kept),
    flow: viewport ? { ...graph, viewport: view } : graph,
  });
}

/**
 * Whether two flows say the same: differences in times, devices and version numbers do not count, nor does the
 * viewport, unless `viewport` is set (an autosave keeps it, a conflict over it would be absurd).
 */
export function sameContent(a: FlowContent, b: FlowContent, options: { viewport?: boolean } = {}): boolean {
  return content(a, options.viewport ?? false) === content(b, options.viewport ?? false);
}
