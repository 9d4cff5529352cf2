import { z } from 'zod';
import { limits } from '../field-rules.ts';
import { assetIdPattern } from '../ids.ts';
import { countSchema, engineFields, foreignIdSchema, schemaVersionSchema, uuidSchema } from './parts.ts';

/** `type/subtype`, with plain parameters. */
export const contentTypePattern =
  /^[0-9A-Za-z!#$&^_.+-]{1,100}\/[0-9A-Za-z!#$&^_.+-]{1,100}(?:; ?[0-9A-Za-z_.+-]{1,40}=[0-9A-Za-z_.+-]{1,80})*$/;

/** Names an asset wherever another document points to one. */
export const assetIdSchema = z.string().regex(assetIdPattern);

/**
 * `asset:<sha256>`: bytes that are fetched when they are needed, such as a thumbnail or a large output, in the one
 * attachment `data`. The id is the hash of the bytes and readers check it. Strict: what the hash does not cover is
 * only how to show the bytes and what they belong to.
 */
export const assetDocumentSchema = z
  .strictObject({
    _id: assetIdSchema,
    _rev: engineFields._rev,
    _revisions: engineFields._revisions,
    _conflicts: engineFields._conflicts,
    _deleted_conflicts: engineFields._deleted_conflicts,
    _attachments: z.strictObject({ data: z.looseObject({}) }),
    type: z.literal('asset'),
    schemaVersion: schemaVersionSchema,
    contentType: z.string().max(limits.name).regex(contentTypePattern),
    bytes: countSchema.max(limits.attachmentBytes),
    flowId: uuidSchema.optional(),
    executionId: foreignIdSchema.optional(),
  })
  .meta({ id: 'AssetDocument' });
export type AssetDocument = z.infer<typeof assetDocumentSchema>;
