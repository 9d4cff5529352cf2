import { createHash } from 'node:crypto';
import { flowContent, type Leaf, type LeafDocument } from '../../../flow/index.ts';
import { flowDocId, personalDatabase, schemaVersion, type FlowContent } from '../../../schema/index.ts';
import { ownersOf } from '../membership.ts';
import { databaseOf, spaceIdOf } from '../space-document.ts';
import { endFlow, type Places } from './copy-flow.ts';
import type { MoveServices } from './finish-move.ts';
import { childOf, isLive, revisionOf, writeLeaves } from './flow-leaves.ts';
import { assetsIn, copyAssets, endDocument, readVersions } from './kept-content.ts';
import type { LateEdits } from './late-parts.ts';

/** The same for the same edit and user, so that doing it again makes no second copy. */
function copyIdOf(flowId: string, what: string, userId: string): string {
  const hex = createHash('sha256').update(`late edit ${flowId} ${what} ${userId}`).digest('hex');
  const variant = ((Number.parseInt(hex.slice(16, 17), 16) & 0x3) | 0x8).toString(16);
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    variant + hex.slice(17, 20),
    hex.slice(20, 32),
  ].join('-');
}

function copyOf(content: LeafDocument | FlowContent, flowId: string, copyId: string): Leaf {
  const { _attachments } = content;
  return childOf({
    ...flowContent(content as unknown as FlowContent),
    ...(_attachments === undefined ? {} : { _attachments }),
    _id: flowDocId(copyId),
    type: 'flow',
    schemaVersion,
    parentFlowId: flowId,
  });
}

interface Recipient {
  userId: string;
  target: Places['source'];
}

/** Whoever may have written it; whoever moved it where nobody saw. */
async function recipientsOf({ couch, directory }: MoveServices, late: LateEdits): Promise<Recipient[]> {
  const { writers, movers, source } = late;
  for (const users of [writers ?? movers, movers, ownersOf(source)]) {
    const there = await Promise.all(users.map((userId) => directory.read(userId)));
    const found = there.flatMap((space) => (space && !space.removing ? [spaceIdOf(space)] : []));
    if (found.length === 0) continue;
    return found.map((userId) => ({
      userId,
      target: couch.admin<object>(personalDatabase(userId, couch.prefix)),
    }));
  }
  return [];
}

/** What arrived, as flows of their own; of the versions only those that are not where the flow is. */
async function copiesFor(
  { couch }: MoveServices,
  { flowId, leaves, versions, source, home }: LateEdits,
  userId: string,
): Promise<Leaf[]> {
  const scope = couch.admin<object>(databaseOf(source, couch.prefix));
  const copies = leaves
    .filter(isLive)
    .map((leaf) => copyOf(leaf.document, flowId, copyIdOf(flowId, revisionOf(leaf), userId)));
  for await (const { winner, content } of readVersions(scope, flowId)) {
    if (!versions.has(winner._id)) continue;
    const { snapshot } = (content ?? {}) as { snapshot?: FlowContent };
    if (content === null || snapshot === undefined) continue;
    if (home && (await isAlive(couch.admin<object>(databaseOf(home, couch.prefix)), content._id))) continue;
    copies.push(copyOf(snapshot, flowId, copyIdOf(flowId, content._id, userId)));
  }
  return copies;
}

async function isAlive(scope: Places['source'], id: string): Promise<boolean> {
  const { rows } = await scope.fetchRevs({ keys: [id] });
  return rows.some((row) => 'value' in row && (row.value as { deleted?: boolean }).deleted !== true);
}

/**
 * Keeps what arrived late as flows of their own in the personal spaces of its authors, and ends it where it arrived.
 * False where there is nobody to keep it for.
 */
export async function keepCopies(services: MoveServices, late: LateEdits): Promise<boolean> {
  const { flowId, leaves, versions, source } = late;
  const scope = services.couch.admin<object>(databaseOf(source, services.couch.prefix));
  const recipients = await recipientsOf(services, late);
  if (recipients.length === 0) return false;
  for (const { userId, target } of recipients) {
    const copies = await copiesFor(services, late, userId);
    for (const { document } of copies) await copyAssets(scope, target, assetsIn(document));
    await writeLeaves(target, copies);
  }
  await endFlow(scope, leaves);
  for await (const { winner } of readVersions(scope, flowId)) {
    if (versions.has(winner._id)) await endDocument(scope, winner);
  }
  return true;
}
