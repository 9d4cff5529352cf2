import { LRUCache } from 'lru-cache';
import { atMost } from '../../at-most.ts';
import type nano from 'nano';
import { idPrefixes } from '../../../schema/index.ts';
import type { Couch } from '../../couch/couch.ts';
import { orNull } from '../../couch/engine-error.ts';
import { sequenceText } from '../../couch/sequence-text.ts';

/** Looks for flows of one database that may have been ended since the last look. */
export interface EndedWatch {
  /** Null where there is no such database. */
  changedIn(database: string): Promise<string[] | null>;
  /** The next look is at the latest changes again. */
  forget(database: string): void;
}

interface Change {
  id: string;
  deleted?: boolean;
  changes: unknown[];
}

const rememberedDatabases = 10_000;
const pageSize = 500;
/**
 * What a process looks at that knows nothing of a database: what the one before it did not get to is among the latest
 * changes, and older ones were looked at when they were made.
 */
const latestChanges = 200;

/** A flow with one live leaf, and none that ended, has never been in question. */
function isInQuestion({ id, deleted, changes }: Change): boolean {
  return id.startsWith(idPrefixes.flow) && (deleted === true || changes.length > 1);
}

export function createEndedWatch({ couch }: { couch: Couch }): EndedWatch {
  const sinceByDatabase = new LRUCache<string, string>(atMost(rememberedDatabases));

  async function latest(database: string): Promise<string[] | null> {
    const scope = couch.admin<object>(database);
    const info = await orNull(scope.info());
    if (info === null) return null;
    const page = await scope.changes({ ...style, descending: true, limit: latestChanges });
    sinceByDatabase.set(database, sequenceText(info.update_seq));
    return page.results.filter(isInQuestion).map(({ id }) => id);
  }

  return {
    async changedIn(database) {
      const known = sinceByDatabase.get(database);
      if (known === undefined) return latest(database);
      const ids = new Set<string>();
      for (let since = known; ;) {
        const page = await orNull(
          couch.admin<object>(database).changes({ ...style, since, limit: pageSize }),
        );
        if (page === null) return null;
        for (const change of page.results) if (isInQuestion(change)) ids.add(change.id);
        since = sequenceText(page.last_seq);
        sinceByDatabase.set(database, since);
        if (page.results.length < pageSize) return [...ids];
      }
    },
    forget: (database) => void sinceByDatabase.delete(database),
  };
}

/** With all leaves of each document. */
const style = { style: 'all_docs' } as const satisfies nano.DatabaseChangesParams;
