import type { DocumentStore, Stored } from './document-store.ts';
import { createPageLimit } from './page-limit.ts';

/** All live documents whose ids lie between the two, in order of id, with the losing leaves of each; holds one page at a time. */
export async function* readRange<T extends object>(
  documents: Pick<DocumentStore, 'range'>,
  startId: string,
  endId: string,
): AsyncGenerator<T & Stored> {
  const limit = createPageLimit();
  for (let start = startId; ;) {
    const asked = limit.next();
    const page = await documents.range<T>(start, endId, { limit: asked, conflicts: true });
    yield* page;
    const last = page.at(-1);
    if (last === undefined || page.length < asked) return;
    limit.note(page);
    start = `${last._id}!`;
  }
}
