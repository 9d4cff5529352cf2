import {
  membershipDocId,
  personalDatabase,
  schemaVersion,
  type MembershipDocument,
  type MembershipEnd,
} from '../../schema/index.ts';
import { SetteeError } from '../errors.ts';
import type { Couch } from '../couch/couch.ts';
import { engineStatus } from '../couch/engine-error.ts';
import type { Directory } from './directory.ts';
import { grantIn, roleIn, sinceIn } from './membership.ts';
import { databaseOf, spaceIdOf, type SpaceDocument } from './space-document.ts';

interface Tombstone {
  _id: string;
  _deleted: true;
  type: 'membership';
  schemaVersion: number;
  code: MembershipEnd;
}

const attempts = 10;

/** The membership document that a space's entry calls for; null where the user is no member. */
export function membershipOf(
  document: SpaceDocument | null,
  userId: string,
  prefix: string,
): MembershipDocument | null {
  const role = roleIn(document, userId);
  if (!document || role === null || (document.kind !== 'team' && document.kind !== 'shared')) return null;
  const { kind, name } = document;
  return {
    _id: membershipDocId(spaceIdOf(document)),
    type: 'membership',
    schemaVersion,
    spaceId: spaceIdOf(document),
    kind,
    name,
    role,
    database: databaseOf(document, prefix),
    grant: grantIn(document, userId) ?? spaceIdOf(document),
    since: sinceIn(document, userId),
  };
}

/**
 * Writes a user's membership document, or its tombstone, as the directory says now; answers the entry that it says.
 * Does nothing where it says so already, or where the user's database is gone.
 */
export async function writeMembership(
  { couch, directory }: { couch: Couch; directory: Directory },
  spaceId: string,
  userId: string,
): Promise<SpaceDocument | null> {
  const database = personalDatabase(userId, couch.prefix);
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const found = await readLive(couch, database, membershipDocId(spaceId));
    // After the document: whoever writes over a later one then meets a conflict, and looks again.
    const document = await directory.read(spaceId);
    if (found === 'no database') return document;
    const wanted = wantedLeaf(document, spaceId, userId, couch.prefix);
    if (isSame(found, wanted)) return document;
    const rev = found.doc?._rev;
    const written = await insert(couch, database, { ...wanted, ...(rev === undefined ? {} : { _rev: rev }) });
    if (written) return document;
  }
  throw new SetteeError('conflict', 'A membership changes too often; try again.');
}

function wantedLeaf(
  document: SpaceDocument | null,
  spaceId: string,
  userId: string,
  prefix: string,
): MembershipDocument | Tombstone {
  const membership = membershipOf(document, userId, prefix);
  if (membership) return membership;
  const isGone = document === null || document.removing === true;
  return {
    _id: membershipDocId(spaceId),
    _deleted: true,
    type: 'membership',
    schemaVersion,
    code: isGone ? 'space_deleted' : 'membership_ended',
  };
}

interface Found {
  doc: MembershipDocument | null;
}

async function readLive(couch: Couch, database: string, id: string): Promise<Found | 'no database'> {
  try {
    const { rows } = await couch.admin<MembershipDocument>(database).fetch({ keys: [id] });
    const row = rows[0];
    // A deletion comes without a document; what follows it names no revision.
    return { doc: (row && 'doc' in row ? row.doc : null) ?? null };
  } catch (error) {
    if (engineStatus(error) === 404) return 'no database';
    throw error;
  }
}

function isSame({ doc }: Found, wanted: MembershipDocument | Tombstone): boolean {
  if ('_deleted' in wanted) return doc === null;
  return doc !== null && Object.entries(wanted).every(([field, value]) => doc[field] === value);
}

/** False where another write came first. */
async function insert(couch: Couch, database: string, leaf: object): Promise<boolean> {
  try {
    await couch.admin<object>(database).insert(leaf);
    return true;
  } catch (error) {
    if (engineStatus(error) === 409) return false;
    // The account was removed meanwhile: nobody is left to be told.
    if (engineStatus(error) === 404) return true;
    throw error;
  }
}
