import { z } from 'zod';
import {
  deviceInfoSchema,
  engineFields,
  mergeFields,
  nameSchema,
  schemaVersionSchema,
  timeSchema,
} from './parts.ts';

/** `device:<uuid>`: a browser of the user. Its last sync is the server's to know, outside replication. */
export const deviceDocumentSchema = z
  .looseObject({
    _id: z.string().regex(/^device:[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/),
    ...engineFields,
    ...mergeFields,
    type: z.literal('device'),
    schemaVersion: schemaVersionSchema,
    name: nameSchema,
    info: deviceInfoSchema.optional(),
    createdAt: timeSchema,
    updatedAt: timeSchema,
  })
  .meta({ id: 'DeviceDocument' });
export type DeviceDocument = z.infer<typeof deviceDocumentSchema>;
