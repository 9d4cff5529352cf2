import { LRUCache } from 'lru-cache';
import { bareId, idPrefixes, type FlowDocument } from '../../../schema/index.ts';
import type { DocumentStore } from '../store/document-store.ts';
import { createPageLimit } from '../store/page-limit.ts';
import { readRange } from '../store/read-range.ts';
import { createRefreshQueue } from '../store/refresh-queue.ts';
import type { UserSpace } from '../store/user-space.ts';
import { createFlowIndex, type FlowIndex } from './flow-index.ts';

/** Keeps an index of each database's flows in memory, brought up to date by its changes at every request. */
export interface FlowCatalog {
  /** The index, with everything that was written before the call. */
  current(space: Pick<UserSpace, 'database' | 'documents'>): Promise<FlowIndex>;
}

interface Indexed {
  index: FlowIndex;
  sequence: string;
}

const firstFlow: string = idPrefixes.flow;
/** The character after the colon: behind every flow. */
const afterFlows = 'flow;';

function isFlow(id: string): boolean {
  return id.startsWith(idPrefixes.flow);
}

/** Reads the flows alone: versions, which outnumber them, need not pass. What changes meanwhile follows by the feed. */
async function load(documents: DocumentStore): Promise<Indexed> {
  const sequence = await documents.updateSequence();
  const index = createFlowIndex();
  for await (const doc of readRange<FlowDocument>(documents, firstFlow, afterFlows)) index.put(doc);
  return { index, sequence };
}

async function follow(documents: DocumentStore, indexed: Indexed): Promise<Indexed> {
  const { index } = indexed;
  let { sequence } = indexed;
  const limit = createPageLimit();
  for (;;) {
    const page = await documents.changes<FlowDocument>(sequence, { limit: limit.next(), documents: true });
    for (const { id, doc, deleted } of page.changes.filter((change) => isFlow(change.id))) {
      if (deleted === true || doc === undefined) index.remove(bareId(id));
      else index.put(doc);
    }
    sequence = page.sequence;
    if (!page.more) return { index, sequence };
    limit.note(page.changes);
  }
}

/** Makes a catalog that holds at most `characters` of text; the databases used least recently are dropped and read anew. */
export function createFlowCatalog(options: { characters?: number } = {}): FlowCatalog {
  const known = new LRUCache<string, Indexed>({
    maxSize: options.characters ?? 16_000_000,
    sizeCalculation: ({ index }) => index.size(),
  });
  const queue = createRefreshQueue<FlowIndex>();

  return {
    current: ({ database, documents }) =>
      queue(database, async () => {
        const found = known.get(database);
        known.delete(database);
        const indexed = await follow(documents, found ?? (await load(documents)));
        known.set(database, indexed);
        return indexed.index;
      }),
  };
}
