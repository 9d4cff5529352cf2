import { z } from 'zod';
import { leafDocumentSchema, type LeafDocument } from '../../couch/read-leaves.ts';

/**
 * A backup is gzipped text with one JSON object a line: a header, then for each database a `database` line, its
 * leaves and an `end` line, then a footer with the SHA-256 of every byte before it. Names of databases are
 * written without the deployment's prefix. `_local` documents and design documents are not part of it.
 */
export const backupVersion = 1;

export const headerSchema = z.object({
  line: z.literal('header'),
  format: z.literal('settee-backup'),
  version: z.number().int(),
  /** Names this backup, so that an interrupted restore knows its own traces. */
  id: z.uuid(),
  createdAt: z.iso.datetime(),
  scope: z.union([z.literal('all'), z.object({ userId: z.string(), email: z.string() })]),
  databases: z.array(z.string()),
});
export type BackupHeader = z.infer<typeof headerSchema>;

export const countsSchema = z.object({
  /** Leaf revisions: one a document, more where it is in conflict. */
  leaves: z.number().int(),
  /** Those of them that are deletions. */
  deleted: z.number().int(),
  attachments: z.number().int(),
});
export type Counts = z.infer<typeof countsSchema>;

export const databaseLineSchema = z.object({ line: z.literal('database'), name: z.string() });
export const leafLineSchema = z.object({ line: z.literal('leaf'), doc: leafDocumentSchema });
export const endLineSchema = z.object({ line: z.literal('end'), name: z.string(), ...countsSchema.shape });
export const footerSchema = z.object({
  line: z.literal('footer'),
  databases: z.number().int(),
  ...countsSchema.shape,
  /** Hex, over all bytes before this line. */
  sha256: z.string(),
});
export type BackupFooter = z.infer<typeof footerSchema>;

export const backupLineSchema = z.discriminatedUnion('line', [
  headerSchema,
  databaseLineSchema,
  leafLineSchema,
  endLineSchema,
  footerSchema,
]);
export type BackupLine = z.infer<typeof backupLineSchema>;

export const noCounts: Counts = { leaves: 0, deleted: 0, attachments: 0 };

export function addCounts(a: Counts, b: Counts): Counts {
  return {
    leaves: a.leaves + b.leaves,
    deleted: a.deleted + b.deleted,
    attachments: a.attachments + b.attachments,
  };
}

/** What one leaf adds to the counts. */
export function countsOf(doc: LeafDocument): Counts {
  const attachments = Object.keys(doc._attachments ?? {}).length;
  return { leaves: 1, deleted: doc._deleted === true ? 1 : 0, attachments };
}
