import { rootToLeaf } from 'pouchdb-merge';
import { latestOf, pathTo, type ReadOptions } from './documents.ts';
import type { DocumentMetadata } from './storage.ts';
import type { StoredText } from './stored-text.ts';

const brace = 0x7d;
const attachments = '"_attachments"';

/** A revision's JSON in two parts. */
export interface RawLeaf {
  body: Buffer;
  suffix: string;
}

interface Place {
  seq: number;
  /** What the stored text lacks. */
  suffix: string;
}

/** Where a revision is; null for what is not there, and for what a reader adds more to than its ancestry. */
function placeOf(metadata: DocumentMetadata | null, wanted: string, options: ReadOptions): Place | null {
  if (metadata === null) return null;
  const tree = rootToLeaf(metadata.rev_tree);
  const rev = options.latest ? (latestOf(tree, wanted) ?? wanted) : wanted;
  const seq = metadata.rev_map[rev];
  const path = pathTo(tree, rev);
  if (seq === undefined || path === null || path.nodes[0]?.opts.deleted) return null;
  if (!options.revs) return { seq, suffix: '}' };
  const revisions = { start: path.start, ids: path.nodes.map(({ id }) => id) };
  return { seq, suffix: `,"_revisions":${JSON.stringify(revisions)}}` };
}

/**
 * Revisions as the JSON that they are stored as, with their ancestry where it is wanted, and null for each that has to
 * be read in the ordinary way: missing or deleted ones, and those with attachments.
 */
export async function readRawLeaves(
  stored: StoredText,
  wanted: { id: string; rev: string }[],
  options: ReadOptions,
): Promise<(RawLeaf | null)[]> {
  const { revsInfo, conflicts, deletedConflicts } = options;
  if (revsInfo || conflicts || deletedConflicts) return wanted.map(() => null);
  const metadata = await stored.metadata(wanted.map(({ id }) => id));
  const places = wanted.map(({ rev }, index) => placeOf(metadata[index] ?? null, rev, options));
  const bodies = await stored.bodies(places.flatMap((place) => (place === null ? [] : [place.seq])));
  const rest = bodies.values();
  return places.map((place) => {
    const body = place === null ? null : (rest.next().value ?? null);
    if (place === null || body === null) return null;
    if (body.at(-1) !== brace || body.includes(attachments)) return null;
    return { body: body.subarray(0, -1), suffix: place.suffix };
  });
}
