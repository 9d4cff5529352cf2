import { z } from 'zod';
import { flowContentSchema } from './flow.ts';
import { engineFields, schemaVersionSchema, uuidSchema } from './parts.ts';

/**
 * `version:<flow uuid>:<sha256>`. Strict, and without attachments: a field that the hash does not cover could be
 * changed by anybody without a reader noticing. The validator checks the id's form; readers check the hash.
 */
export const versionDocumentSchema = z
  .strictObject({
    _id: z
      .string()
      .regex(
        /^version:[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}:[0-9a-f]{64}$/,
      ),
    _rev: engineFields._rev,
    _revisions: engineFields._revisions,
    _conflicts: engineFields._conflicts,
    _deleted_conflicts: engineFields._deleted_conflicts,
    type: z.literal('version'),
    schemaVersion: schemaVersionSchema,
    flowId: uuidSchema,
    snapshot: flowContentSchema,
  })
  .meta({ id: 'VersionDocument' });
export type VersionDocument = z.infer<typeof versionDocumentSchema>;
