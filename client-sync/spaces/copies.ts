import { contentHash } from '../../flow/content-hash.ts';
import { putNote, removeNote } from '../local/local-documents.ts';
import type { Pouch } from '../pouch/pouch-types.ts';
import type { SpaceInfo } from '../workspace.ts';

/** The databases of one space that are kept here: noted before they are made, and until they are gone. */
export interface Copy {
  /** Last part of the databases' names. */
  name: string;
  info: SpaceInfo;
}

const prefix = 'copy:';

/** Each grant has databases of its own, so that what comes after a revocation never meets what was before it. */
export function copyName({ id, grant }: Pick<SpaceInfo, 'id' | 'grant'>): string {
  return `space-${id}${grant === null ? '' : `-${contentHash(grant).slice(0, 12)}`}`;
}

/** The copies that there are or may be, as the personal space's notes tell. */
export async function listCopies(notes: Pouch): Promise<Copy[]> {
  const { rows } = await notes.allDocs({ startkey: prefix, endkey: `${prefix}\uffff`, include_docs: true });
  return rows.flatMap(({ id, doc }) =>
    doc ? [{ name: id.slice(prefix.length), info: doc.info as SpaceInfo }] : [],
  );
}

export async function isNoted(notes: Pouch, name: string): Promise<boolean> {
  return (await listCopies(notes)).some((copy) => copy.name === name);
}

export function noteCopy(notes: Pouch, { name, info }: Copy): Promise<void> {
  return putNote(notes, prefix + name, { info });
}

export function forgetCopy(notes: Pouch, name: string): Promise<void> {
  return removeNote(notes, prefix + name);
}
