import { LRUCache } from 'lru-cache';
import type nano from 'nano';
import {
  flowDocId,
  parseDatabaseName,
  personalDatabase,
  spaceDatabase,
  type FlowDocument,
} from '../../../schema/index.ts';
import { atMost } from '../../at-most.ts';
import type { Couch } from '../../couch/couch.ts';
import { orNull } from '../../couch/engine-error.ts';
import type { Log } from '../../log.ts';
import type { Directory } from '../directory.ts';
import { roleIn } from '../membership.ts';
import type { Authors } from '../moves/authors.ts';
import { isLive, readLeaves } from '../moves/flow-leaves.ts';
import type { Writers } from '../moves/late-parts.ts';
import { createLateQueue } from '../moves/late-queue.ts';
import { readMoved } from '../moves/move-marks.ts';
import { lostLeaves } from '../restore-ended/lost-leaves.ts';
import { databaseOf, spaceIdIn, type SpaceDocument } from '../space-document.ts';
import { templatesSpaceId } from '../templates-space.ts';
import { createPublishedFlows, type PublishedFlow } from './published-flows.ts';
import type { Templates } from './templates.ts';

/**
 * Published flows that say, by whatever write, that they are not public any more, or that were deleted: their templates
 * go. Every process looks at each write that it hears of; what happened while none was there, the first sweep finds.
 */
export interface HiddenFlows {
  /** Somebody wrote in a database; `userId` is who, where that is known. */
  afterWrite(written: { database: string; userId?: string | undefined }): void;
  /** Writes may have gone unnoticed: the next sweep looks everywhere. */
  afterGap(): void;
  sweep(): Promise<void>;
  /** Resolves when all that was noticed so far is done. */
  settled(): Promise<void>;
  close(): void;
}

interface Place {
  scope: nano.DocumentScope<object>;
  database: string;
  space: SpaceDocument;
  writers: Writers;
}

const rememberedFlows = 10_000;

export function createHiddenFlows(options: {
  couch: Couch;
  directory: Pick<Directory, 'get' | 'onOther'>;
  authors: Pick<Authors, 'of'>;
  templates: Pick<Templates, 'takeAway'>;
  log: Log;
}): HiddenFlows {
  const { couch, directory, authors, templates, log } = options;
  const published = createPublishedFlows({ couch, directory });
  const queue = createLateQueue({ look, log, failure: 'templates of hidden flows could not be taken away' });
  let hasLookedEverywhere = false;
  /** By template, the revision at which its flow was found to be public: most writes are of another document. */
  const publicAt = new LRUCache<string, string>(atMost(rememberedFlows));

  function spaceIdFor(database: string): string | null {
    const parsed = parseDatabaseName(database, couch.prefix);
    if (!parsed || parsed.kind === 'server' || parsed.month !== undefined) return null;
    const spaceId = spaceIdIn(parsed);
    return spaceId === templatesSpaceId ? null : spaceId;
  }

  /** Only an owner hides; where nobody saw who wrote, everybody who may write there has to be one. */
  function isOwners(
    { database, space, writers }: Place,
    { _id, _rev }: { _id: string; _rev: string },
  ): boolean {
    const author = authors.of({ database, id: _id, revision: _rev });
    const seen = author === null ? (writers ?? []) : [author];
    const users =
      seen.length > 0 ? seen : Object.keys(space.members).filter((user) => roleIn(space, user) !== 'viewer');
    return users.every((userId) => roleIn(space, userId) === 'owner');
  }

  /** Deleted for good by an owner: not moved, and not ended by an editor, after which it is restored. */
  async function isGone(scope: Place['scope'], flowId: string): Promise<boolean> {
    const leaves = await readLeaves(scope, flowDocId(flowId), { attachments: false });
    if (leaves.length === 0 || leaves.some(isLive) || lostLeaves(leaves).length > 0) return false;
    // Asked after the leaves: a move leaves its word before it ends them.
    return (await readMoved(scope, flowId)) === null;
  }

  async function isHidden(place: Place, { flowId, templateId }: PublishedFlow): Promise<boolean> {
    const found = await orNull(place.scope.get(flowDocId(flowId)));
    if (found === null) return isGone(place.scope, flowId);
    const flow = found as unknown as FlowDocument & { _rev: string };
    // Nobody but an owner deletes.
    if (flow.deleted === true) return true;
    if (flow.visibility === 'public') publicAt.set(templateId, flow._rev);
    return flow.visibility !== 'public' && isOwners(place, flow);
  }

  async function look(database: string, writers: Writers): Promise<void> {
    const spaceId = spaceIdFor(database);
    const flows = spaceId === null ? [] : await published.in(spaceId);
    const space = spaceId === null || flows.length === 0 ? null : await directory.get(spaceId);
    if (space === null || databaseOf(space, couch.prefix) !== database) return;
    const scope = couch.admin<object>(database);
    const place = { scope, database, space, writers };
    const { rows } = await scope.fetchRevs({ keys: flows.map(({ flowId }) => flowDocId(flowId)) });
    for (const [index, flow] of flows.entries()) {
      const row = rows[index];
      if (row && 'value' in row && row.value.rev === publicAt.get(flow.templateId)) continue;
      await templates.takeAway(flow.templateId, () => isHidden(place, flow));
    }
  }

  return {
    afterWrite({ database, userId }) {
      if (spaceIdFor(database) !== null) queue.add(database, userId);
    },
    afterGap: () => void (hasLookedEverywhere = false),
    async sweep() {
      if (!hasLookedEverywhere) {
        const spaces = await published.spaces();
        hasLookedEverywhere = true;
        for (const spaceId of spaces) {
          // Whichever of them it is.
          queue.addUnknown(personalDatabase(spaceId, couch.prefix));
          queue.addUnknown(spaceDatabase(spaceId, couch.prefix));
        }
      }
      await queue.lookAtUnknown();
    },
    settled: () => queue.settled(),
    close() {
      published.close();
      queue.close();
    },
  };
}
