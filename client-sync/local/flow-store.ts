import { flowFromDocument, unmarked, type Flow } from '../../flow/flow.ts';
import { mergeFlows } from '../../flow/merge-flows.ts';
import { computeRevision } from '../../flow/revision.ts';
import { flowDocId, uuidPattern } from '../../schema/ids.ts';
import type { FlowContent, FlowDocument } from '../../schema/index.ts';
import { flowNotFound, SetteeClientError } from '../errors.ts';
import type { Pouch } from '../pouch/pouch-types.ts';
import type { FlowChange } from '../flow-types.ts';
import { documentsWithBases, noteBases } from './bases.ts';
import { describeDevice } from './device-info.ts';
import type { DocumentIndex } from './document-index.ts';
import { applyEdits, assertFlow, changedFields, editsOf, pickEdits, type FieldEdits } from './flow-edits.ts';
import type { FlowSummary } from './flow-summary.ts';
import { createHandedOut, type HandedOut } from './handed-out.ts';
import { writeInTurn } from './in-turn.ts';
import { getOrNull, isStatus, putRevision, retryOnConflict, splitRevision } from './local-documents.ts';
import { noteOwn, readOwn } from './own-revisions.ts';
import { randomId } from './uuid.ts';
import { keepVersion } from './version-store.ts';

/** Reads and writes the flows of one local database. */
export interface FlowStore {
  read: (id: string) => Promise<FlowDocument | null>;
  save: (change: FlowChange) => Promise<Flow>;
  /** Writes a whole document on top of a leaf, stamped with time and device. Rejects with 409 where it is none. */
  write: (doc: FlowDocument) => Promise<FlowDocument>;
  /** Keeps what was handed out, so that a later save knows what its author saw. */
  remember: (doc: FlowDocument) => Flow;
}

interface FlowStoreOptions {
  db: Pouch;
  index: DocumentIndex<FlowSummary>;
  iso: () => string;
  handedOut?: HandedOut;
}

export function createFlowStore(options: FlowStoreOptions): FlowStore {
  const { db, index, iso, handedOut = createHandedOut() } = options;
  const read = async (id: string) => {
    const doc = await getOrNull(db, flowDocId(id));
    return doc as FlowDocument | null;
  };
  const remember = (doc: FlowDocument): Flow => {
    handedOut.keep(doc);
    return flowFromDocument(doc);
  };
  const recall = async (docId: string, revision: string): Promise<FlowDocument | null> => {
    const seen = handedOut.find(docId, revision);
    if (seen) return seen;
    const found = await getOrNull(db, docId, { rev: revision });
    return found?._deleted === true ? null : (found as FlowDocument | null);
  };
  const stamp = (doc: FlowDocument): FlowDocument => {
    const now = iso();
    return { ...unmarked(doc), updatedAt: now, lastModifiedOnDevice: describeDevice(now) };
  };
  const afterWrite = async (doc: FlowDocument): Promise<FlowDocument> => {
    await noteOwn(db, doc._id, doc._rev as string);
    return doc;
  };
  /** Keeps what the first of this device's writes replaces; those that follow build on it. */
  const keepBase = async ({ _id, _rev, mergeVersion }: FlowDocument): Promise<void> => {
    if (_rev === undefined) return;
    const own = mergeVersion === undefined ? await readOwn(db, _id) : null;
    if (own?.last === _rev && (await documentsWithBases(db)).has(_id)) return;
    const base = await getOrNull(db, _id, { rev: _rev });
    if (base) await noteBases(db, [base]);
  };
  const write = async (doc: FlowDocument): Promise<FlowDocument> => {
    assertFlow(doc);
    const stamped = stamp(doc);
    return writeInTurn(db, doc._id, async () => {
      await keepBase(doc);
      const { rev } = await db.put(stamped);
      const written = { ...stamped, _rev: rev };
      index.apply(written);
      return afterWrite(written);
    });
  };
  /** Keeps a change that was made to an older revision as a branch of its own, beside what came meanwhile. */
  const branch = async (base: string, doc: FlowDocument): Promise<FlowDocument> => {
    assertFlow(doc);
    const { _rev: _stale, ...stamped } = stamp(doc);
    const revision = computeRevision(stamped, splitRevision(base)[0] + 1, base);
    return writeInTurn(db, doc._id, async () => {
      await putRevision(db, stamped, revision, base);
      index.branch(doc._id);
      return afterWrite({ ...stamped, _rev: revision });
    });
  };
  const create = (id: string, edits: FieldEdits) => {
    const now = iso();
    const doc = {
      version: '1.0.0',
      createdAt: now,
      createdOnDevice: describeDevice(now),
      ...edits.set,
      _id: flowDocId(id),
      type: 'flow',
      schemaVersion: 1,
    };
    return write(doc as unknown as FlowDocument);
  };
  const update = async (current: FlowDocument, edits: FieldEdits) => {
    const next = applyEdits(current, edits);
    return changedFields(current, next).size === 0 ? current : write(next);
  };
  const updateStale = async (current: FlowDocument, revision: string, edits: FieldEdits) => {
    const leaf = await findLeaf(db, current._id, revision);
    if (leaf) return update(leaf, edits);
    const base = await recall(current._id, revision);
    // Without the base nobody can tell whose change a difference is.
    const seen = base ?? current;
    const mine = changedFields(seen, applyEdits(seen, edits));
    const wanted = pickEdits(edits, mine);
    const disputed = changedFields(current, applyEdits(current, wanted));
    if (disputed.size === 0) return current;
    const theirs = base ? changedFields(base, current) : disputed;
    if (![...disputed].some((field) => theirs.has(field))) return update(current, wanted);
    const edited = applyEdits(base ?? current, wanted);
    if (base) {
      const { merged, conflicts, repaired } = mergeFlows({ base, sides: [current, edited] });
      if (conflicts.length === 0) {
        // What a repair takes out of either stays in its version.
        if (repaired.length > 0) for (const side of [current, edited]) await keepVersion(db, side);
        return write(withContent(current, merged));
      }
      await noteBases(db, [base]);
    }
    return branch(revision, edited);
  };
  /** Moved or deleted since it was read: a branch of what was read, which the server carries over or others see. */
  const saveMissing = async (id: string, revision: string | undefined, edits: FieldEdits) => {
    if (revision === undefined || !isRevision(revision)) return create(id, edits);
    const base = await recall(flowDocId(id), revision);
    // Read in another account, or long gone: made anew here it would be somebody else's flow.
    if (!base?._rev) throw flowNotFound(id);
    return branch(base._rev, applyEdits(base, edits));
  };
  const saveOnce = async (id: string, change: FlowChange): Promise<FlowDocument> => {
    const edits = editsOf(change);
    const current = await read(id);
    const { revision } = change;
    if (!current) return saveMissing(id, revision, edits);
    if (revision === undefined || revision === current._rev || !isRevision(revision)) {
      return update(current, edits);
    }
    return updateStale(current, revision, edits);
  };
  return {
    read,
    write,
    remember,
    async save(change) {
      const id = change.id ?? randomId();
      if (!uuidPattern.test(id)) {
        throw new SetteeClientError('invalid_input', 'A flow’s id is a UUID in lower case.');
      }
      return remember(await retryOnConflict(() => saveOnce(id, change)));
    },
  };
}

/** A document with another content in its place. */
function withContent(doc: FlowDocument, content: FlowContent): FlowDocument {
  const engineFields = Object.entries(doc).filter(([name]) => name.startsWith('_'));
  const { type, schemaVersion } = doc;
  return { ...content, ...Object.fromEntries(engineFields), type, schemaVersion } as FlowDocument;
}

function isRevision(text: string): boolean {
  return /^\d+-[0-9a-f]{32}$/.test(text);
}

/** The live leaf of that revision, where it is one. */
async function findLeaf(db: Pouch, docId: string, revision: string): Promise<FlowDocument | null> {
  try {
    const leaves = await db.get(docId, { open_revs: 'all' });
    for (const leaf of leaves) {
      if ('ok' in leaf && leaf.ok._rev === revision && !leaf.ok._deleted)
        return leaf.ok as unknown as FlowDocument;
    }
    return null;
  } catch (error) {
    if (isStatus(error, 404)) return null;
    throw error;
  }
}
