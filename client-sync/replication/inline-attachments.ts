import { isStatus } from '../local/local-documents.ts';
import type { Pouch, PouchDocument } from '../pouch/pouch-types.ts';

interface Attachment {
  digest?: string;
  stub?: boolean;
  length?: number;
  data?: unknown;
}

type WithAttachments = PouchDocument & { _attachments: Record<string, Attachment> };

function hasStubs(doc: PouchDocument): doc is WithAttachments {
  return typeof doc._attachments === 'object' && doc._attachments !== null;
}

/** Puts bytes in the place of stubs, as the replication protocol wants it: from here where they are, else from there. */
export async function inlineAttachments(
  docs: PouchDocument[],
  { local, remote }: { local: Pouch; remote: Pouch },
): Promise<void> {
  for (const doc of docs.filter(hasStubs)) {
    const here = await currentAttachments(local, doc._id);
    for (const [name, attachment] of Object.entries(doc._attachments)) {
      if (attachment.stub !== true) continue;
      const isHere = attachment.digest !== undefined && here[name]?.digest === attachment.digest;
      attachment.data = isHere
        ? await local.getAttachment(doc._id, name)
        : await remote.getAttachment(doc._id, name, doc._rev === undefined ? {} : { rev: doc._rev });
      delete attachment.stub;
      delete attachment.length;
    }
  }
}

async function currentAttachments(local: Pouch, id: string): Promise<Record<string, Attachment>> {
  try {
    const doc = await local.get(id);
    return hasStubs(doc) ? doc._attachments : {};
  } catch (error) {
    if (isStatus(error, 404)) return {};
    throw error;
  }
}
