import { mergeDocument, type Settlement } from '../../flow/merge-document.ts';
import type { ConflictRule, MergeRules } from '../../flow/merge-rules.ts';
import type { Leaf } from '../../flow/revision-graph.ts';
import { splitRevision } from '../../flow/revision-graph.ts';
import type { FlowDocument } from '../../schema/index.ts';
import { noteBases, readBases } from '../local/bases.ts';
import { noteOwn, readOwn } from '../local/own-revisions.ts';
import { keepVersion } from '../local/version-store.ts';
import type { Pouch, PouchDocument } from '../pouch/pouch-types.ts';
import { readAllLeaves } from './leaves.ts';

export interface SettleOptions {
  rule?: ConflictRule;
  rules?: MergeRules;
  /** Whether the role allows to write `deleted: true`. */
  mayDelete: boolean;
  /** Where else bases may be kept: a flow that moves takes its history along, and not what a device noted. */
  elsewhere?: readonly Pouch[];
}

/** Revisions of which a history tells; a longer one has forgotten where it began. */
const longestAncestry = 200;

/**
 * Where a history is so long that it has forgotten its beginning, this device still knows what its own writes began
 * from: the base that it kept last.
 */
async function forgottenLinks(
  db: Pouch,
  leaves: readonly Leaf[],
  bases: ReadonlyMap<string, PouchDocument>,
): Promise<{ revision: string; ancestor: string }[]> {
  const long = leaves.filter(({ ancestry }) => ancestry.length >= longestAncestry);
  const ancestor = [...bases.keys()].at(-1);
  if (long.length === 0 || ancestor === undefined) return [];
  const own = await readOwn(db, long[0]?.document._id ?? '');
  return long.flatMap(({ ancestry }) => {
    const [revision = ''] = ancestry;
    const oldest = splitRevision(ancestry.at(-1) ?? '')[0];
    return revision === own?.last && splitRevision(ancestor)[0] < oldest ? [{ revision, ancestor }] : [];
  });
}

/** What would settle the document as far as nobody has to be asked; writes nothing. */
export async function planSettlement(
  db: Pouch,
  leaves: readonly Leaf[],
  { elsewhere = [], ...options }: SettleOptions,
): Promise<Settlement> {
  const docId = leaves[0]?.document._id ?? '';
  const needsBases = options.rules?.needsBase !== false && leaves.length > 1;
  const bases = needsBases ? await readBases(db, docId) : new Map<string, PouchDocument>();
  const links = await forgottenLinks(db, leaves, bases);
  const patient = needsBases && !(await wroteAny(db, leaves));
  const settlement = mergeDocument({ leaves, bases, links, patient: true, ...options });
  const isMissing = settlement.open.some(({ missing }) => missing.length > 0);
  if (!isMissing) return settlement;
  for (const other of elsewhere) {
    for (const [revision, document] of await readBases(other, docId)) bases.set(revision, document);
  }
  return mergeDocument({ leaves, bases, links, patient, ...options });
}

/** Whether this device wrote one of the leaves; the others leave it to those who did. */
async function wroteAny(db: Pouch, leaves: readonly Leaf[]): Promise<boolean> {
  const own = await readOwn(db, leaves[0]?.document._id ?? '');
  return leaves.some(({ ancestry }) => own?.all.has(ancestry[0] ?? '') ?? false);
}

/** The document of a leaf as it is written: with its revision and its ancestors. */
export function writable({ document, ancestry }: Leaf): PouchDocument {
  const [revision = ''] = ancestry;
  const ids = ancestry.map((name) => splitRevision(name)[1]);
  return { ...document, _rev: revision, _revisions: { start: splitRevision(revision)[0], ids } };
}

/** Writes leaves that were computed; writing them again changes nothing. */
export async function writeLeaves(db: Pouch, leaves: readonly Leaf[]): Promise<void> {
  if (leaves.length === 0) return;
  const results = await db.bulkDocs({ docs: leaves.map(writable) }, { new_edits: false });
  const failure = results.find(({ error }) => error);
  if (failure) throw Object.assign(new Error(failure.message), failure);
}

/**
 * Settles a document: what loses is kept as a version and as a base, then the merge and the ends of its sides are
 * written at one go. Interrupted anywhere, the next try does the same.
 */
export async function settleDocument(
  db: Pouch,
  docId: string,
  options: SettleOptions,
): Promise<{ leaves: Leaf[]; settlement: Settlement }> {
  const leaves = await readAllLeaves(db, docId);
  const settlement = await planSettlement(db, leaves, options);
  const { merges, tombstones, versions } = settlement;
  if (merges.length + tombstones.length === 0) return { leaves, settlement };
  for (const version of versions) await keepVersion(db, version as unknown as FlowDocument);
  const live = leaves.filter(({ document }) => document._deleted !== true);
  if (merges.length > 0 && options.rules?.needsBase !== false) {
    await noteBases(
      db,
      live.map(({ document }) => document as PouchDocument),
    );
  }
  await writeLeaves(db, [...merges, ...tombstones]);
  await noteMerges(db, docId, { live, merges });
  return { leaves: await readAllLeaves(db, docId), settlement };
}

/** A merge of what this device wrote is its own as well: what it wrote is in it. */
async function noteMerges(
  db: Pouch,
  docId: string,
  { live, merges }: { live: readonly Leaf[]; merges: readonly Leaf[] },
): Promise<void> {
  if (merges.length === 0) return;
  const own = await readOwn(db, docId);
  if (!live.some(({ ancestry }) => own?.all.has(ancestry[0] ?? ''))) return;
  for (const { ancestry } of merges) await noteOwn(db, docId, ancestry[0] ?? '');
}
