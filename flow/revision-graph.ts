/** A leaf of a document's history with its ancestors, as `_revisions` tells them. */
export interface Leaf<D extends LeafDocument = LeafDocument> {
  document: D;
  /** The leaf's revision, its parent's, and so on. */
  ancestry: string[];
}

/** What the settling of conflicts reads in a document beside its content. */
export interface LeafDocument {
  _id: string;
  _deleted?: boolean;
  _attachments?: unknown;
  type?: unknown;
  schemaVersion?: unknown;
  updatedAt?: unknown;
  /** In a tombstone: the revision in which the leaf that it ends was taken in. */
  resolvedInto?: unknown;
  mergeVersion?: unknown;
  mergedFrom?: unknown;
  movedFrom?: unknown;
  [field: string]: unknown;
}

/** Which revision comes from which: the trees of a document's leaves, joined where leaves were merged. */
export interface RevisionGraph {
  /** The revision and everything that it builds on. */
  ancestorsOf: (revision: string) => ReadonlySet<string>;
  /** The common ancestors of both that no other common ancestor builds on, the highest revision first. */
  nearestCommon: (a: string, b: string) => string[];
}

/** `12-abc…` → [12, 'abc…']. */
export function splitRevision(revision: string): [number, string] {
  const dash = revision.indexOf('-');
  return [Number(revision.slice(0, dash)), revision.slice(dash + 1)];
}

/** Orders as CouchDB chooses winners, the winner first: by generation, then by hash. */
export function compareRevisions(a: string, b: string): number {
  const [left, right] = [splitRevision(a), splitRevision(b)];
  return right[0] - left[0] || (left[1] < right[1] ? 1 : Number(left[1] > right[1]) * -1);
}

/** The revisions that a merge took in; none of a document that is no automatic merge. */
export function mergedFromOf({ mergedFrom, mergeVersion }: LeafDocument): string[] {
  if (typeof mergeVersion !== 'number' || !Array.isArray(mergedFrom)) return [];
  return mergedFrom.filter((revision) => typeof revision === 'string');
}

/**
 * The revision whose content a document repeats in another space; null where it says something of its own: an edit that
 * only kept the field is of a later generation.
 */
export function movedFromOf({ movedFrom }: LeafDocument, own: string): string | null {
  const { revision, generation } = (movedFrom ?? {}) as { revision?: unknown; generation?: unknown };
  if (generation !== undefined && generation !== splitRevision(own)[0]) return null;
  return typeof revision === 'string' ? revision : null;
}

type Parents = Map<string, Set<string>>;

function link(parents: Parents, child: string, parent: string | undefined): void {
  if (parent === undefined || parent === child) return;
  const known = parents.get(child) ?? new Set();
  parents.set(child, known.add(parent));
}

function linkLeaf(parents: Parents, { document, ancestry }: Leaf): void {
  for (const [index, revision] of ancestry.entries()) link(parents, revision, ancestry[index + 1]);
  const [revision, parent] = ancestry;
  if (document._deleted === true) {
    // The leaf that was ended lives on in what it was resolved into.
    if (typeof document.resolvedInto === 'string') link(parents, document.resolvedInto, parent);
    return;
  }
  for (const source of mergedFromOf(document)) if (revision !== undefined) link(parents, revision, source);
}

function reach(parents: Parents, from: Iterable<string>): Set<string> {
  const found = new Set<string>();
  const waiting = [...from];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (found.has(next)) continue;
    found.add(next);
    waiting.push(...(parents.get(next) ?? []));
  }
  return found;
}

/** Joins the histories of all leaves, ended ones among them; `links` are ancestors known from elsewhere. */
export function createRevisionGraph(
  leaves: readonly Leaf[],
  links: readonly { revision: string; ancestor: string }[] = [],
): RevisionGraph {
  const parents: Parents = new Map();
  for (const leaf of leaves) linkLeaf(parents, leaf);
  for (const { revision, ancestor } of links) link(parents, revision, ancestor);
  const ancestorsOf = (revision: string) => reach(parents, [revision]);
  return {
    ancestorsOf,
    nearestCommon(a, b) {
      const theirs = ancestorsOf(b);
      const common = [...ancestorsOf(a)].filter((revision) => theirs.has(revision));
      const beneath = reach(
        parents,
        common.flatMap((revision) => [...(parents.get(revision) ?? [])]),
      );
      return common.filter((revision) => !beneath.has(revision)).toSorted(compareRevisions);
    },
  };
}
