import { LRUCache } from 'lru-cache';
import { atMost } from '../../at-most.ts';
import { bareId, flowDocId, idPrefixes, parseDatabaseName } from '../../../schema/index.ts';
import type { Couch } from '../../couch/couch.ts';
import { orNull } from '../../couch/engine-error.ts';
import { sequenceText } from '../../couch/sequence-text.ts';
import { spaceIdIn } from '../space-document.ts';
import type { Writers } from './late-parts.ts';
import { listMoved } from './move-marks.ts';

/** What this process knows of a database from which flows went away. */
interface Watched {
  moved: Set<string>;
  /** Everything up to this sequence was looked at. */
  since: string;
  /** Set where another flow may have gone since. */
  stale: boolean;
}

export interface LateWatch {
  /** Looks at what was written in a database since the last time, for flows that are not there any more. */
  look(database: string, writers: Writers): Promise<void>;
  /** A flow left the space, or came back. */
  forget(database: string): void;
}

const rememberedDatabases = 10_000;
const pageSize = 500;

/** Finds what arrives late; `onLate` takes it where it belongs. */
export function createLateWatch({
  couch,
  onLate,
}: {
  couch: Couch;
  onLate: (late: { spaceId: string; flowId: string; writers: Writers }) => Promise<void>;
}): LateWatch {
  const watchedByDatabase = new LRUCache<string, Watched>(atMost(rememberedDatabases));

  async function changedSince(database: string, watched: Watched): Promise<string[]> {
    const ids = new Set<string>();
    for (;;) {
      const page = await couch.admin<object>(database).changes({ since: watched.since, limit: pageSize });
      for (const { id, deleted } of page.results) {
        if (deleted) continue;
        if (id.startsWith(idPrefixes.flow)) ids.add(bareId(id));
        if (id.startsWith(idPrefixes.version)) ids.add(bareId(id).slice(0, 36));
      }
      watched.since = sequenceText(page.last_seq);
      if (page.results.length < pageSize) return [...ids].filter((id) => watched.moved.has(id));
    }
  }

  /** Flows that went away and of which something is alive. */
  async function aliveAmong(database: string, flowIds: string[]): Promise<string[]> {
    if (flowIds.length === 0) return [];
    const scope = couch.admin<object>(database);
    const { rows } = await scope.fetchRevs({ keys: flowIds.map(flowDocId) });
    const alive: string[] = [];
    for (const [index, flowId] of flowIds.entries()) {
      const row = rows[index];
      const isThere = row && 'value' in row && (row.value as { deleted?: boolean }).deleted !== true;
      if (isThere || (await hasVersions(database, flowId))) alive.push(flowId);
    }
    return alive;
  }

  async function hasVersions(database: string, flowId: string): Promise<boolean> {
    const range = {
      startkey: `${idPrefixes.version}${flowId}:`,
      endkey: `${idPrefixes.version}${flowId};`,
      limit: 1,
    };
    return (await couch.admin<object>(database).list(range)).rows.length > 0;
  }

  async function refresh(
    database: string,
    known: Watched | undefined,
  ): Promise<{ watched: Watched; fresh: string[] } | null> {
    if (known && !known.stale) return { watched: known, fresh: [] };
    const scope = couch.admin<object>(database);
    const info = await orNull(scope.info());
    if (info === null) return null;
    const watched = known ?? { moved: new Set(), since: sequenceText(info.update_seq), stale: false };
    // Before the flows are listed: one that goes meanwhile is listed now or the next time.
    watched.stale = false;
    watchedByDatabase.set(database, watched);
    const moved = await listMoved(scope);
    const fresh = moved.filter((flowId) => !watched.moved.has(flowId));
    watched.moved = new Set(moved);
    return { watched, fresh };
  }

  return {
    async look(database, writers) {
      const parsed = parseDatabaseName(database, couch.prefix);
      const spaceId = parsed && spaceIdIn(parsed);
      if (!parsed || spaceId === null || parsed.kind === 'server' || parsed.month !== undefined) return;
      try {
        const found = await refresh(database, watchedByDatabase.get(database));
        if (found === null || found.watched.moved.size === 0) return;
        const changed = await changedSince(database, found.watched);
        const alive = await aliveAmong(database, found.fresh);
        for (const flowId of new Set([...alive, ...changed])) await onLate({ spaceId, flowId, writers });
      } catch (error) {
        // The next look is at everything again.
        watchedByDatabase.delete(database);
        throw error;
      }
    },
    forget(database) {
      const watched = watchedByDatabase.get(database);
      if (watched) watched.stale = true;
    },
  };
}
