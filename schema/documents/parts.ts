import { z } from 'zod';
import { limits } from '../field-rules.ts';
import { foreignIdPattern, revisionPattern, uuidPattern } from '../ids.ts';

/*
 * Everything here and in the document schemas is declarative, because the validators inside the database are generated
 * from it: no transforms, no refinements, no defaults.
 */

/** The version of all document schemas together. Raise it when a document written today would be misread yesterday. */
export const schemaVersion = 1;

/** ISO 8601 in UTC, as `Date.toISOString()` writes it, so that times sort as text. */
export const timePattern =
  /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?Z$/;

/** Semantic Versioning 2.0.0. */
export const semverPattern =
  /^(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)(?:-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?$/;

export const uuidSchema = z.string().regex(uuidPattern);
export const foreignIdSchema = z.string().regex(foreignIdPattern);
export const timeSchema = z.string().regex(timePattern);
export const semverSchema = z.string().max(128).regex(semverPattern);
export const nameSchema = z.string().min(1).max(limits.name).regex(/\S/);
export const shortTextSchema = z.string().max(limits.shortText);
export const longTextSchema = z.string().max(limits.longText);
export const countSchema = z.int().min(0);
export const millisecondsSchema = z.number().min(0);
export const tagsSchema = z.array(z.string().min(1).max(limits.tag)).max(limits.tags);

/** An older document is read as it is; a newer one belongs to a newer server. */
export const schemaVersionSchema = z.int().min(1).max(schemaVersion);

/** What the database itself puts into a document on reading. */
export const engineFields = {
  _rev: z.string().optional(),
  _revisions: z.unknown().optional(),
  _attachments: z.unknown().optional(),
  _conflicts: z.array(z.string()).optional(),
  _deleted_conflicts: z.array(z.string()).optional(),
};

/**
 * What an automatic merge says of itself: the version of the rules, and the revisions that people wrote and that it
 * took in, in order. They are no content; an ordinary edit drops both.
 */
export const mergeFields = {
  mergeVersion: z.int().min(1).optional(),
  mergedFrom: z.array(z.string().regex(revisionPattern)).max(limits.mergedFrom).optional(),
};

export const softDeleteFields = {
  deleted: z.boolean().optional(),
  deletedAt: timeSchema.optional(),
  deletedBy: z.string().max(limits.name).optional(),
};

/** The browser and machine on which something was made. */
export const deviceInfoSchema = z
  .looseObject({
    deviceType: z.enum(['desktop', 'mobile', 'tablet']),
    os: z.string().max(limits.name),
    browser: z.string().max(limits.name),
    screenResolution: z.string().max(limits.name).optional(),
    timezone: z.string().max(limits.name).optional(),
    language: z.string().max(limits.name).optional(),
    timestamp: timeSchema,
  })
  .meta({ id: 'DeviceInfo' });
export type DeviceInfo = z.infer<typeof deviceInfoSchema>;
