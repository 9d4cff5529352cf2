import { createHash, randomBytes } from 'node:crypto';
import type nano from 'nano';
import { z } from 'zod';
import { serverDatabaseName } from '../../../schema/index.ts';
import type { Couch } from '../../couch/couch.ts';
import { engineStatus, orNull } from '../../couch/engine-error.ts';
import { roleSchema } from '../space-document.ts';

const timeSchema = z.iso.datetime({ offset: true });

/**
 * `invitation:<sha256 of the token>` in the directory: which space a token leads to. It never changes; whether the
 * invitation still holds is decided by the entry of the same id in the space's document, so that accepting it is one
 * write, done or not done.
 */
export const invitationDocumentSchema = z.looseObject({
  _id: z.templateLiteral(['invitation:', z.string()]),
  _rev: z.string().optional(),
  type: z.literal('invitation'),
  spaceId: z.string(),
  email: z.string(),
  role: roleSchema,
  invitedBy: z.string(),
  createdAt: timeSchema,
  expiresAt: timeSchema,
});
export type InvitationDocument = z.infer<typeof invitationDocumentSchema>;

const prefix = 'invitation:';
const pageSize = 500;

/** 256 bits, to be read by nobody but the person invited. */
export function newInvitationToken(): string {
  return randomBytes(32).toString('base64url');
}

/** The id by which an invitation is known; it does not lead back to the token. */
export function invitationIdOf(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

export function invitationDocId(invitationId: string): `invitation:${string}` {
  return `${prefix}${invitationId}`;
}

function databaseOf(couch: Couch): nano.DocumentScope<InvitationDocument> {
  return couch.admin<InvitationDocument>(serverDatabaseName('directory', couch.prefix));
}

export async function readInvitations(couch: Couch, ids: string[]): Promise<InvitationDocument[]> {
  if (ids.length === 0) return [];
  const { rows } = await databaseOf(couch).fetch({ keys: ids.map(invitationDocId) });
  return rows.flatMap((row) =>
    'doc' in row ? (invitationDocumentSchema.safeParse(row.doc).data ?? []) : [],
  );
}

export async function writeInvitation(couch: Couch, document: InvitationDocument): Promise<void> {
  await databaseOf(couch).insert(document);
}

/** Those that are there; the others were removed by somebody else. */
export async function removeInvitations(couch: Couch, ids: string[]): Promise<void> {
  for (const { _id, _rev } of await readInvitations(couch, ids)) await remove(couch, _id, _rev);
}

async function remove(couch: Couch, id: string, rev = ''): Promise<void> {
  await orNull(databaseOf(couch).destroy(id, rev)).catch((error: unknown) => {
    if (engineStatus(error) !== 409) throw error;
  });
}

/** Removes what nobody can accept any more; `onExpired` is told of each before, and again where it fails. */
export async function removeExpiredInvitations(options: {
  couch: Couch;
  now: Date;
  signal: AbortSignal;
  onExpired: (invitation: InvitationDocument) => Promise<unknown>;
}): Promise<void> {
  const { couch, now, signal, onExpired } = options;
  for (let startKey: string = prefix; !signal.aborted;) {
    const range = { start_key: startKey, end_key: `${prefix}\ufff0`, limit: pageSize, include_docs: true };
    const { rows } = await databaseOf(couch).list(range);
    for (const { doc } of rows) {
      const invitation = invitationDocumentSchema.safeParse(doc).data;
      if (invitation && Date.parse(invitation.expiresAt) < now.getTime()) {
        await onExpired(invitation);
        await remove(couch, invitation._id, invitation._rev);
      }
    }
    const last = rows.at(-1);
    if (!last || rows.length < pageSize) return;
    startKey = `${last.id}\u0000`;
  }
}
