import { unmarked } from './flow.ts';
import type { LeafDocument } from './revision-graph.ts';

const outsideContent = new Set(['type', 'schemaVersion']);

/** What a document says, without the engine's fields, its identity and the marks of a merge. */
export function documentContent(document: LeafDocument): Record<string, unknown> {
  const fields = Object.entries(unmarked(document));
  return Object.fromEntries(fields.filter(([key]) => !key.startsWith('_') && !outsideContent.has(key)));
}
