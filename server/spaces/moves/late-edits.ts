import { createHash } from 'node:crypto';
import { flowContent, type Leaf, type LeafDocument } from '../../../flow/index.ts';
import { flowDocId, personalDatabase, schemaVersion, type FlowContent } from '../../../schema/index.ts';
import { roleIn } from '../membership.ts';
import { databaseOf, spaceIdOf, type SpaceDocument } from '../space-document.ts';
import { copyLeaves, copyVersions, endFlow, endVersions, readFlowLeaves, type Places } from './copy-flow.ts';
import { finishMove, type MoveServices } from './finish-move.ts';
import { childOf, isLive, revisionOf, writeLeaves } from './flow-leaves.ts';
import { assetsIn, copyAssets, endDocument, readVersions } from './kept-content.ts';
import type { MoveDocument } from './move-journal.ts';
import { readMoved, unmarkMoved } from './move-marks.ts';

/** Users who may have written what arrived late; null where nobody saw. */
export type Writers = readonly string[] | null;

const mostRounds = 5;

interface LateEdits {
  flowId: string;
  leaves: Leaf[];
  source: SpaceDocument;
  /** Where the flow is now; null where that space is gone. */
  home: SpaceDocument | null;
  writers: Writers;
  /** Who moved it, where that is known. */
  movers: string[];
}

/**
 * Edits that arrived in a space after a flow left it: carried to where the flow is, with their ancestry, where their
 * author may write there; else kept as copies in the author's personal space. Then they end where they arrived.
 */
export async function carryLate(
  services: MoveServices,
  {
    spaceId,
    flowId,
    writers,
    isClosed = false,
  }: {
    spaceId: string;
    flowId: string;
    writers: Writers;
    /** True for a space that is being removed, and whose rest is to be kept. */
    isClosed?: boolean;
  },
): Promise<void> {
  const { couch, directory, journal } = services;
  for (let round = 0; round < mostRounds; round += 1) {
    const move = await journal.read(flowId);
    const source = await directory.read(spaceId);
    if (move === null || source === null || (source.removing && !isClosed)) return;
    if (move.state === 'moving') {
      await finishMove(services, move);
      continue;
    }
    const scope = couch.admin<object>(databaseOf(source, couch.prefix));
    const isCurrent = async (): Promise<boolean> => (await journal.read(flowId))?._rev === move._rev;
    if (move.to === spaceId) return unmarkMoved(scope, flowId, () => assertTrue(isCurrent()));
    const leaves = await readFlowLeaves(scope, flowId);
    if (!leaves.some(isLive) && (await isWithoutVersions(scope, flowId))) return;
    const { to, movers } = await destinationOf(scope, spaceId, move);
    const found = to === null ? null : await directory.read(to);
    const home = found?.removing ? null : found;
    const late = { flowId, leaves, source, home, writers: writersOf(source, writers), movers };
    if (!(await (mayCarry(late) ? carryHome(services, late, isCurrent) : keepCopies(services, late)))) return;
  }
}

/**
 * Where a flow went from a space. Another flow may have the same id, and the journal speak of that one: the word that
 * was left in the space itself speaks of its own.
 */
async function destinationOf(
  scope: Places['source'],
  spaceId: string,
  { flowId, to, left, by }: MoveDocument,
): Promise<{ to: string | null; movers: string[] }> {
  if (left.includes(spaceId)) return { to, movers: [by] };
  return { to: await readMoved(scope, flowId), movers: [] };
}

async function assertTrue(condition: Promise<boolean>): Promise<void> {
  if (!(await condition)) throw new Error('The flow moves again; this is looked at later.');
}

async function isWithoutVersions(scope: Places['source'], flowId: string): Promise<boolean> {
  for await (const _version of readVersions(scope, flowId)) return false;
  return true;
}

/** Nobody else writes in a personal space. */
function writersOf(source: SpaceDocument, writers: Writers): Writers {
  return source.kind === 'personal' ? [spaceIdOf(source)] : writers;
}

function mayWrite(space: SpaceDocument | null, userId: string, leaves: readonly Leaf[]): boolean {
  const role = roleIn(space, userId);
  const deletes = leaves.some((leaf) => isLive(leaf) && leaf.document.deleted === true);
  return role === 'owner' || (role === 'editor' && !deletes);
}

/** Where nobody saw who wrote, only what every author there may do is done. */
function mayCarry({ source, home, writers, leaves }: LateEdits): boolean {
  if (home === null) return false;
  const authors = writers ?? Object.keys(source.members).filter((user) => roleIn(source, user) !== 'viewer');
  return authors.every((userId) => mayWrite(home, userId, leaves));
}

/** True where it has to be looked again for more. */
async function carryHome(
  { couch }: MoveServices,
  { flowId, leaves, source, home }: LateEdits,
  isCurrent: () => Promise<boolean>,
): Promise<boolean> {
  if (home === null) return false;
  const places = {
    source: couch.admin<object>(databaseOf(source, couch.prefix)),
    target: couch.admin<object>(databaseOf(home, couch.prefix)),
  };
  await copyVersions(places, flowId);
  await copyLeaves(places, leaves);
  if (!(await isCurrent())) return true;
  await endFlow(places.source, leaves);
  await endVersions(places, flowId);
  return true;
}

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

/** Whoever wrote it and may not write where the flow is; whoever moved it where nobody saw. */
async function recipientsOf({ couch, directory }: MoveServices, late: LateEdits): Promise<Recipient[]> {
  const { writers, home, leaves, movers, source } = late;
  const authors = writers?.filter((userId) => !mayWrite(home, userId, leaves)) ?? movers;
  const owners = Object.keys(source.members).filter((userId) => roleIn(source, userId) === 'owner');
  for (const users of [authors, movers, owners]) {
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
  { flowId, leaves, source, home }: LateEdits,
  userId: string,
): Promise<Leaf[]> {
  const scope = couch.admin<object>(databaseOf(source, couch.prefix));
  const copies = leaves
    .filter(isLive)
    .map((leaf) => copyOf(leaf.document, flowId, copyIdOf(flowId, revisionOf(leaf), userId)));
  for await (const { content } of readVersions(scope, flowId)) {
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

/** True where it has to be looked again for more. */
async function keepCopies(services: MoveServices, late: LateEdits): Promise<boolean> {
  const { flowId, leaves, source } = late;
  const scope = services.couch.admin<object>(databaseOf(source, services.couch.prefix));
  const recipients = await recipientsOf(services, late);
  if (recipients.length === 0) return false;
  for (const { userId, target } of recipients) {
    const copies = await copiesFor(services, late, userId);
    for (const { document } of copies) await copyAssets(scope, target, assetsIn(document));
    await writeLeaves(target, copies);
  }
  await endFlow(scope, leaves);
  for await (const { winner } of readVersions(scope, flowId)) await endDocument(scope, winner);
  return true;
}
