import { rootToLeaf } from 'pouchdb-merge';
import { result } from './callbacks.ts';
import { notFound } from './couch-error.ts';
import { isReservedLocalId } from './document-checks.ts';
import { leavesOf, otherLeaves } from './leaves.ts';
import type { DocumentMetadata, StorageHandle, StoredDocument } from './storage.ts';

export interface ReadOptions {
  rev?: string;
  /** With `rev`: the newest descendant instead, where there is one. */
  latest?: boolean;
  revs?: boolean;
  revsInfo?: boolean;
  conflicts?: boolean;
  deletedConflicts?: boolean;
  attachments?: boolean;
}

/** Every branch of a revision tree, from its root. */
export type Tree = ReturnType<typeof rootToLeaf>;

/** A revision and its ancestors, newest first; null where it is not in the tree. */
export function pathTo(tree: Tree, rev: string): { start: number; nodes: Tree[number]['ids'] } | null {
  const generation = Number.parseInt(rev, 10);
  const hash = rev.slice(rev.indexOf('-') + 1);
  for (const { pos, ids } of tree) {
    const index = generation - pos;
    if (ids[index]?.id !== hash) continue;
    const nodes = ids.slice(0, index + 1);
    nodes.reverse();
    return { start: generation, nodes };
  }
  return null;
}

/** The leaf that a revision grew into: itself, or the winning leaf below it. */
export function latestOf(tree: Tree, rev: string): string | null {
  const generation = Number.parseInt(rev, 10);
  const hash = rev.slice(rev.indexOf('-') + 1);
  const below = tree.filter(({ pos, ids }) => ids[generation - pos]?.id === hash);
  const leaves = below.map(({ pos, ids }) => ({
    generation: pos + ids.length - 1,
    hash: (ids.at(-1) as { id: string }).id,
    deleted: (ids.at(-1) as { opts: { deleted?: boolean } }).opts.deleted === true,
  }));
  leaves.sort(
    (a, b) =>
      Number(a.deleted) - Number(b.deleted) || b.generation - a.generation || (a.hash < b.hash ? 1 : -1),
  );
  const [first] = leaves;
  return first ? `${first.generation}-${first.hash}` : null;
}

async function fillAttachments(handle: StorageHandle, document: StoredDocument): Promise<void> {
  for (const [name, attachment] of Object.entries(document._attachments ?? {})) {
    const bytes = (await handle.getAttachment(document._id, name, { rev: document._rev })) as Buffer;
    attachment.data = bytes.toString('base64');
    delete attachment.stub;
    delete attachment.length;
  }
}

async function find(
  handle: StorageHandle,
  id: string,
  options: ReadOptions,
): Promise<{ doc: StoredDocument; metadata: DocumentMetadata }> {
  let { rev } = options;
  if (rev !== undefined && options.latest) {
    const tree = await result<unknown>((done) => handle._getRevisionTree(id, done));
    rev = latestOf(rootToLeaf(tree), rev) ?? rev;
  }
  return await result((done) => handle._get(id, rev === undefined ? {} : { rev }, done));
}

function listLeaves(document: StoredDocument, member: string, revisions: string[]): void {
  if (revisions.length > 0) document[member] = revisions;
}

/** Reads one revision, the winning one by default; throws 404 `missing` or `deleted`. */
export async function readDocument(
  handle: StorageHandle,
  id: string,
  options: ReadOptions = {},
): Promise<StoredDocument> {
  if (isReservedLocalId(id)) throw notFound();
  if (id.startsWith('_local/')) {
    return await result<StoredDocument>((done) => handle._getLocal(id, done as never));
  }
  const { doc, metadata } = await find(handle, id, options);
  const path = pathTo(rootToLeaf(metadata.rev_tree), doc._rev);
  if (!path) throw notFound();
  if (path.nodes[0]?.opts.deleted) doc._deleted = true;
  if (options.revs) doc._revisions = { start: path.start, ids: path.nodes.map(({ id: hash }) => hash) };
  if (options.revsInfo) {
    doc._revs_info = path.nodes.map((node, index) => ({
      rev: `${path.start - index}-${node.id}`,
      status: node.opts.deleted ? 'deleted' : node.opts.status,
    }));
  }
  if (options.conflicts)
    listLeaves(doc, '_conflicts', otherLeaves(metadata.rev_tree, metadata.winningRev, false));
  if (options.deletedConflicts) {
    listLeaves(doc, '_deleted_conflicts', otherLeaves(metadata.rev_tree, metadata.winningRev, true));
  }
  if (options.attachments) await fillAttachments(handle, doc);
  else for (const attachment of Object.values(doc._attachments ?? {})) attachment.stub = true;
  return doc;
}

/** All leaves of a document, conflicting and deleted ones too, winner first; 404 where it never existed. */
export async function leafRevisions(handle: StorageHandle, id: string): Promise<string[]> {
  const tree = await result<unknown>((done) => handle._getRevisionTree(id, done));
  return leavesOf(tree).map(({ rev }) => rev);
}
