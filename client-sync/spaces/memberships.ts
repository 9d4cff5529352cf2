import { parseDatabaseName, spaceDatabase } from '../../schema/database-names.ts';
import { idPrefixes, membershipDocId, settingsId } from '../../schema/ids.ts';
import { getOrNull } from '../local/local-documents.ts';
import { textOf } from '../local/text-of.ts';
import type { Pouch, PouchDocument } from '../pouch/pouch-types.ts';
import type { SpaceInfo } from '../workspace.ts';

/** A space that the user may see, and whether its flows are wanted on his devices. */
export interface Membership {
  info: SpaceInfo;
  isChosen: boolean;
}

/** How a membership stands: it holds, it ended, or nothing was ever heard of it here. */
export type MembershipState =
  { state: 'holds'; info: SpaceInfo } | { state: 'ended'; isDeleted: boolean } | { state: 'unknown' };

export const templatesId = 'templates';

function infoOf(doc: PouchDocument): SpaceInfo | null {
  const { kind, role, grant } = doc;
  if (kind !== 'team' && kind !== 'shared') return null;
  if (role !== 'owner' && role !== 'editor' && role !== 'viewer') return null;
  if (typeof grant !== 'string') return null;
  return {
    id: doc._id.slice(idPrefixes.membership.length),
    kind,
    name: textOf(doc.name),
    role,
    database: textOf(doc.database),
    grant,
  };
}

function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((entry) => typeof entry === 'string') : [];
}

async function readChoice(personal: Pouch): Promise<{ exclude: string[]; include: string[] }> {
  const settings = await getOrNull(personal, settingsId);
  const { spaces = {} } = (settings?.sync ?? {}) as { spaces?: { exclude?: unknown; include?: unknown } };
  return { exclude: textsOf(spaces.exclude), include: textsOf(spaces.include) };
}

/** The templates have no membership: everybody reads them. Their database is named as the user's own is. */
function templatesInfo(personalDatabase: string | null): SpaceInfo {
  const own = personalDatabase ?? '';
  const prefix = own.slice(0, Math.max(0, own.indexOf('userdb-')));
  const database = spaceDatabase(templatesId, prefix);
  return {
    id: templatesId,
    kind: 'templates',
    name: 'Templates',
    role: 'viewer',
    database: own !== '' && parseDatabaseName(database, prefix) ? database : null,
    grant: null,
  };
}

/** The spaces that the personal database tells of, by name, the templates last. */
export async function readMemberships(
  personal: Pouch,
  personalDatabase: string | null,
): Promise<Membership[]> {
  const { rows } = await personal.allDocs({
    startkey: idPrefixes.membership,
    endkey: `${idPrefixes.membership}\uffff`,
    include_docs: true,
  });
  const choice = await readChoice(personal);
  const members = rows
    .flatMap(({ doc }) => (doc ? (infoOf(doc) ?? []) : []))
    .map((info) => ({ info, isChosen: !choice.exclude.includes(info.id) }))
    .toSorted((a, b) => a.info.name.localeCompare(b.info.name) || (a.info.id < b.info.id ? -1 : 1));
  const templates = { info: templatesInfo(personalDatabase), isChosen: choice.include.includes(templatesId) };
  return [...members, templates];
}

/** What the personal database says of one membership, its end among it. */
export async function readMembership(personal: Pouch, spaceId: string): Promise<MembershipState> {
  const id = membershipDocId(spaceId);
  const { rows } = await personal.allDocs({ keys: [id], include_docs: true });
  const [row] = rows;
  if (!row?.value) return { state: 'unknown' };
  if (row.value.deleted !== true) {
    const info = row.doc ? infoOf(row.doc) : null;
    return info ? { state: 'holds', info } : { state: 'unknown' };
  }
  const tombstone = await personal.get(id, { rev: row.value.rev });
  return { state: 'ended', isDeleted: tombstone.code === 'space_deleted' };
}
