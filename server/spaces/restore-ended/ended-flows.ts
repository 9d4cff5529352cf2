import { parseDatabaseName } from '../../../schema/index.ts';
import type { Couch } from '../../couch/couch.ts';
import type { Log } from '../../log.ts';
import type { Directory } from '../directory.ts';
import { createLateQueue } from '../moves/late-queue.ts';
import { databaseOf } from '../space-document.ts';
import { templatesSpaceId } from '../templates-space.ts';
import { createEndedWatch } from './ended-watch.ts';
import { restoreFlow } from './restore-flow.ts';

/**
 * Flows that an editor's tombstone made disappear. Every process looks at each write that it hears of; what happened
 * while none was there, the first sweep finds.
 */
export interface EndedFlows {
  /** Somebody wrote in a database. */
  afterWrite(database: string): void;
  /** Writes may have gone unnoticed: the next sweep looks everywhere. */
  afterGap(): void;
  sweep(signal: AbortSignal): Promise<void>;
  /** Resolves when all that was noticed so far is done. */
  settled(): Promise<void>;
  close(): void;
}

export function createEndedFlows({
  couch,
  directory,
  log,
}: {
  couch: Couch;
  directory: Pick<Directory, 'all'>;
  log: Log;
}): EndedFlows {
  const watch = createEndedWatch({ couch });
  const queue = createLateQueue({ look, log, failure: 'flows that were ended could not be looked at' });
  let hasLookedEverywhere = false;

  /** In a personal space nobody writes but its owner, who may delete; the templates are the server's. */
  function spaceIdFor(database: string): string | null {
    const parsed = parseDatabaseName(database, couch.prefix);
    if (parsed?.kind !== 'space' || parsed.month !== undefined) return null;
    return parsed.spaceId === templatesSpaceId ? null : parsed.spaceId;
  }

  async function look(database: string): Promise<void> {
    const spaceId = spaceIdFor(database);
    if (spaceId === null) return;
    const waiting = (await watch.changedIn(database)) ?? new Set<string>();
    for (const id of waiting) {
      waiting.delete(id);
      try {
        await restore({ database, id, spaceId });
      } catch (error) {
        // The next look begins with the others.
        waiting.add(id);
        throw error;
      }
    }
  }

  async function restore(flow: { database: string; id: string; spaceId: string }): Promise<void> {
    const { database, id, spaceId } = flow;
    const outcome = await restoreFlow(couch.admin<object>(database), { id, spaceId });
    if (outcome === 'restored') log.info({ id, space: spaceId }, 'a flow that was ended was restored');
    if (outcome === 'lost')
      log.warn({ id, space: spaceId }, 'a flow was ended and nothing of it is left to restore');
  }

  return {
    afterWrite(database) {
      if (spaceIdFor(database) !== null) queue.add(database);
    },
    afterGap: () => void (hasLookedEverywhere = false),
    async sweep(signal) {
      if (!hasLookedEverywhere) {
        hasLookedEverywhere = true;
        for await (const space of directory.all()) {
          if (signal.aborted) return;
          const database = databaseOf(space, couch.prefix);
          if (!space.removing && spaceIdFor(database) !== null) queue.addUnknown(database);
        }
      }
      await queue.lookAtUnknown();
    },
    settled: () => queue.settled(),
    close: () => queue.close(),
  };
}
