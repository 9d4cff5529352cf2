import type { Leaf } from '../../../flow/index.ts';
import { flowDocId } from '../../../schema/index.ts';
import { databaseOf, spaceIdOf, type SpaceDocument } from '../space-document.ts';
import type { MoveServices } from './finish-move.ts';
import { isLive, readLeaves, revisionOf } from './flow-leaves.ts';
import { readVersions } from './kept-content.ts';

/** Users who may have written what arrived late; null where nobody saw. */
export type Writers = readonly string[] | null;

/** What arrived late and is to be judged together: by one author, or by those of whom it may be. */
export interface LatePart {
  writers: Writers;
  /** Live ones of these authors, and all that ended. */
  leaves: Leaf[];
  /** Ids of documents. */
  versions: ReadonlySet<string>;
}

/** A part, and all that decides where it goes. */
export interface LateEdits extends LatePart {
  flowId: string;
  source: SpaceDocument;
  /** Where the flow is now; null where that space is gone. */
  home: SpaceDocument | null;
  /** Who moved it, where that is known. */
  movers: string[];
}

interface Found {
  live: Leaf[];
  versions: Set<string>;
}

/** All that there is of a flow in a space that it left, by author; `writers` are those of what nobody knows better. */
export async function readLateParts(
  { couch, authors }: MoveServices,
  { source, flowId, writers }: { source: SpaceDocument; flowId: string; writers: Writers },
): Promise<LatePart[]> {
  const database = databaseOf(source, couch.prefix);
  const scope = couch.admin<object>(database);
  const byAuthor = new Map<string | null, Found>();
  const foundOf = (id: string, revision: string): Found => {
    // Nobody else writes in a personal space.
    const author = source.kind === 'personal' ? spaceIdOf(source) : authors.of({ database, id, revision });
    const found = byAuthor.get(author) ?? { live: [], versions: new Set() };
    byAuthor.set(author, found);
    return found;
  };
  const leaves = await readLeaves(scope, flowDocId(flowId));
  for (const leaf of leaves.filter(isLive)) foundOf(leaf.document._id, revisionOf(leaf)).live.push(leaf);
  for await (const { winner } of readVersions(scope, flowId)) {
    foundOf(winner._id, winner._rev).versions.add(winner._id);
  }
  const ended = leaves.filter((leaf) => !isLive(leaf));
  return [...byAuthor].map(([author, { live, versions }]) => ({
    writers: author === null ? writers : [author],
    leaves: [...live, ...ended],
    versions,
  }));
}
