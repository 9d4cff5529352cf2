import { CouchError } from './couch-error.ts';
import type { IncomingDocument } from './document-checks.ts';
import type { StoredDocument } from './storage.ts';

/** A stub stands for the attachment of the same name in the revision before; without one it is an error. */
export function takeStubs(document: IncomingDocument, previous: StoredDocument | null): void {
  const attachments = (document._attachments ?? {}) as Record<string, { stub?: boolean }>;
  for (const [name, attachment] of Object.entries(attachments)) {
    if (attachment.stub !== true) continue;
    const stored =
      previous?._attachments && Object.hasOwn(previous._attachments, name)
        ? previous._attachments[name]
        : null;
    if (!stored)
      throw new CouchError(
        412,
        'missing_stub',
        `Invalid attachment stub in ${String(document._id)} for ${name}`,
      );
    attachments[name] = { ...stored, stub: true };
  }
}
