import { bareId, idPrefixes } from '../../../schema/index.ts';
import type { DocumentStore } from '../store/document-store.ts';

const pageSize = 1000;

/** Bare ids of the flows that changed after a sequence. */
export async function changedIds(documents: DocumentStore, since: string): Promise<Set<string>> {
  const ids = new Set<string>();
  let sequence = since;
  for (;;) {
    const page = await documents.changes(sequence, { limit: pageSize, documents: false });
    for (const { id } of page.changes) if (id.startsWith(idPrefixes.flow)) ids.add(bareId(id));
    if (!page.more) return ids;
    sequence = page.sequence;
  }
}
