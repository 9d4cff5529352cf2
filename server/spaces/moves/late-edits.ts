import type { Leaf } from '../../../flow/index.ts';
import { roleIn } from '../membership.ts';
import { databaseOf, type SpaceDocument } from '../space-document.ts';
import { copyLeaves, copyVersions, endFlow, endVersions, type Places } from './copy-flow.ts';
import { finishMove, type MoveServices } from './finish-move.ts';
import { isLive } from './flow-leaves.ts';
import { keepCopies } from './late-copies.ts';
import { readLateParts, type LateEdits, type Writers } from './late-parts.ts';
import type { MoveDocument } from './move-journal.ts';
import { readMoved, unmarkMoved } from './move-marks.ts';

const mostRounds = 5;

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
    const parts = await readLateParts(services, { source, flowId, writers });
    const { to, movers } = await destinationOf(scope, spaceId, move);
    const found = to === null ? null : await directory.read(to);
    const home = found?.removing ? null : found;
    let hasTaken = false;
    for (const part of parts) {
      const late = { ...part, flowId, source, home, movers };
      const isTaken = await (mayCarry(late)
        ? carryHome(services, late, isCurrent)
        : keepCopies(services, late));
      hasTaken ||= isTaken;
    }
    if (!hasTaken) return;
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
  { flowId, leaves, versions, source, home }: LateEdits,
  isCurrent: () => Promise<boolean>,
): Promise<boolean> {
  if (home === null) return false;
  const places = {
    source: couch.admin<object>(databaseOf(source, couch.prefix)),
    target: couch.admin<object>(databaseOf(home, couch.prefix)),
  };
  await copyVersions(places, flowId, versions);
  await copyLeaves(places, leaves);
  if (!(await isCurrent())) return true;
  await endFlow(places.source, leaves);
  await endVersions(places, flowId, versions);
  return true;
}
