import { contentHash } from './content-hash.ts';

interface Revisable {
  _id: string;
  _deleted?: boolean;
  _attachments?: unknown;
  [field: string]: unknown;
}

function attachmentDigests(attachments: unknown): Record<string, unknown> {
  const entries = Object.entries((attachments ?? {}) as Record<string, { digest?: string } | null>);
  return Object.fromEntries(entries.map(([name, attachment]) => [name, attachment?.digest ?? null]));
}

/**
 * The revision that a document's content alone gives, `<generation>-<32 hex>`: the same on every device and engine,
 * where CouchDB's and PouchDB's own differ from each other and with the order of keys. To be written with
 * `new_edits: false`. Attachments count by their digests.
 */
export function computeRevision(doc: Revisable, generation = 1, parent?: string): string {
  const content = Object.fromEntries(
    Object.entries(doc).filter(([key]) => key === '_id' || !key.startsWith('_')),
  );
  const hash = contentHash({
    content,
    deleted: doc._deleted === true,
    attachments: attachmentDigests(doc._attachments),
    parent: parent ?? null,
  });
  return `${generation}-${hash.slice(0, 32)}`;
}
