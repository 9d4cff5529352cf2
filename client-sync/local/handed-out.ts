import type { FlowDocument } from '../../schema/index.ts';

/**
 * The revisions that were handed out last, so that a later save knows what its author saw: compaction has removed them
 * from the database by then. Shared by all spaces, since a flow may have moved in between.
 */
export interface HandedOut {
  keep: (doc: FlowDocument) => void;
  find: (docId: string, revision: string) => FlowDocument | null;
}

const kept = 300;

export function createHandedOut(): HandedOut {
  const texts = new Map<string, string>();
  return {
    keep(doc) {
      const key = `${doc._id}@${doc._rev}`;
      const text = texts.get(key) ?? JSON.stringify(doc);
      // At the end again: what is looked at often stays.
      texts.delete(key);
      texts.set(key, text);
      const oldest = texts.keys().next().value;
      if (texts.size > kept && oldest !== undefined) texts.delete(oldest);
    },
    find(docId, revision) {
      const text = texts.get(`${docId}@${revision}`);
      return text === undefined ? null : (JSON.parse(text) as FlowDocument);
    },
  };
}
