import { LRUCache } from 'lru-cache';
import { atMost } from '../../at-most.ts';
import type nano from 'nano';
import { idPrefixes } from '../../../schema/index.ts';
import type { Couch } from '../../couch/couch.ts';
import { orNull } from '../../couch/engine-error.ts';
import { sequenceText } from '../../couch/sequence-text.ts';

/** Looks for flows of one database that may have been ended. */
export interface EndedWatch {
  /**
   * Those that were not looked at yet: who did takes them out, and what is left in comes again. Null where there is no
   * such database.
   */
  changedIn(database: string): Promise<Set<string> | null>;
}

/** What this process knows of a database. */
interface Watched {
  /** Everything up to this sequence is known. */
  since: string;
  waiting: Set<string>;
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
  const watchedByDatabase = new LRUCache<string, Watched>(atMost(rememberedDatabases));

  async function latest(database: string): Promise<Set<string> | null> {
    const scope = couch.admin<object>(database);
    const info = await orNull(scope.info());
    if (info === null) return null;
    const page = await scope.changes({ ...style, descending: true, limit: latestChanges });
    const waiting = new Set(page.results.filter(isInQuestion).map(({ id }) => id));
    watchedByDatabase.set(database, { since: sequenceText(info.update_seq), waiting });
    return waiting;
  }

  return {
    async changedIn(database) {
      const watched = watchedByDatabase.get(database);
      if (watched === undefined) return latest(database);
      const { waiting } = watched;
      for (;;) {
        const page = await orNull(
          couch.admin<object>(database).changes({ ...style, since: watched.since, limit: pageSize }),
        );
        if (page === null) return null;
        for (const change of page.results) if (isInQuestion(change)) waiting.add(change.id);
        watched.since = sequenceText(page.last_seq);
        if (page.results.length < pageSize) return waiting;
      }
    },
  };
}

/** With all leaves of each document. */
const style = { style: 'all_docs' } as const satisfies nano.DatabaseChangesParams;
