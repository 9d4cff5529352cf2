import { bareId, flowDocId, idPrefixes } from '../../schema/ids.ts';
import { SetteeClientError } from '../errors.ts';
import { eachSpace } from './each-space.ts';
import type { FlowSummary } from './flow-summary.ts';
import type { SpaceWorkspace, Workspace } from '../workspace.ts';

function hasMovedAway({ flowIndex }: SpaceWorkspace, docId: string): boolean {
  return flowIndex.marks().has(idPrefixes.moved + bareId(docId));
}

/** Resolves when the flows of all open spaces are known; a space that goes meanwhile holds up no other. */
export async function flowsReady(workspace: Workspace): Promise<void> {
  await eachSpace(workspace, ({ flowIndex }) => flowIndex.ready());
}

export interface PlacedFlows {
  /** By document id. */
  summaries: Map<string, FlowSummary>;
  places: Map<string, SpaceWorkspace>;
}

/** The flows of all open spaces, each once: while it moves, in the space that it has not moved away from. */
export function placedFlows({ all }: Pick<Workspace, 'all'>): PlacedFlows {
  const summaries = new Map<string, FlowSummary>();
  const places = new Map<string, SpaceWorkspace>();
  for (const space of all()) {
    for (const [docId, summary] of space.flowIndex.entries()) {
      const known = places.get(docId);
      if (known && (!hasMovedAway(known, docId) || hasMovedAway(space, docId))) continue;
      places.set(docId, space);
      summaries.set(docId, summary);
    }
  }
  return { summaries, places };
}

/** The open space where a flow is; null where no open space has it. */
export async function findFlow(
  spaces: readonly SpaceWorkspace[],
  flowId: string,
): Promise<SpaceWorkspace | null> {
  const docId = flowDocId(flowId);
  const indexed = spaces.filter(({ flowIndex }) => flowIndex.entries().has(docId));
  const known = indexed.find((space) => !hasMovedAway(space, docId));
  if (known) return known;
  // The indexes may not have heard of it yet, or not be read.
  const stored = await Promise.all(
    spaces.map(async (space) => ((await isStored(space, flowId)) ? space : null)),
  );
  const holding = stored.filter((space) => space !== null);
  return holding.find((space) => !hasMovedAway(space, docId)) ?? holding[0] ?? null;
}

/** A storage that fails, fails the write or read that follows, where it is told as such. */
async function isStored({ flows }: SpaceWorkspace, flowId: string): Promise<boolean> {
  return (await flows.read(flowId).catch(() => null)) !== null;
}

/** The open space that a flow was moved away from, while the one it moved to has not arrived here. */
export function findOrigin({ all }: Pick<Workspace, 'all'>, flowId: string): SpaceWorkspace | null {
  return all().find((space) => hasMovedAway(space, flowDocId(flowId))) ?? null;
}

export function mayWrite({ info }: Pick<SpaceWorkspace, 'info'>): boolean {
  return info.role !== 'viewer' && info.kind !== 'templates';
}

/** Throws `read_only` where the user only reads. */
export function assertWritable(space: Pick<SpaceWorkspace, 'info'>): void {
  if (mayWrite(space)) return;
  const { kind, name } = space.info;
  throw new SetteeClientError(
    'read_only',
    kind === 'templates'
      ? 'Templates are not edited; use one to make a flow of your own.'
      : `Your role in “${name}” is viewer, and viewers do not edit. Ask an owner for the role of editor.`,
  );
}

/** Throws `forbidden` where only an owner may do what was asked for. */
export function assertOwned(space: Pick<SpaceWorkspace, 'info'>): void {
  assertWritable(space);
  if (space.info.role === 'owner') return;
  throw new SetteeClientError(
    'forbidden',
    `Only an owner of “${space.info.name}” deletes its flows and restores them.`,
  );
}

/** Throws `not_found` where no space of that id is open here. */
export function requireSpace(workspace: Pick<Workspace, 'get'>, spaceId: string): SpaceWorkspace {
  const space = workspace.get(spaceId);
  if (!space) throw new SetteeClientError('not_found', `There is no space ${spaceId} here.`);
  return space;
}
