import type { Pouch } from './pouch-types.ts';

interface Feed {
  processChange: (doc: unknown, metadata: Metadata, feed: unknown) => unknown;
}
interface Metadata {
  id: string;
  winningRev?: string;
}
interface Internals {
  _changes: (feed: Feed) => unknown;
}

/**
 * Keeps a database's feeds alive: PouchDB's adapters over LevelDB read a change's document after its revisions, and
 * throw from a timer where it was replaced and compacted in between. The replacement's own change follows.
 */
export function keepFeedsAlive(db: Pouch): void {
  const internals = db as unknown as Internals;
  const changes = internals._changes;
  internals._changes = (feed) => {
    const { processChange } = feed;
    const missing = ({ id, winningRev }: Metadata): object => ({ _id: id, _rev: winningRev, _deleted: true });
    feed.processChange = (doc, metadata, rest) => processChange(doc ?? missing(metadata), metadata, rest);
    return changes.call(db, feed);
  };
}
