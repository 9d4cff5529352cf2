import { z } from 'zod';
import { limits } from '../field-rules.ts';
import {
  deviceInfoSchema,
  engineFields,
  foreignIdSchema,
  longTextSchema,
  mergeFields,
  nameSchema,
  schemaVersionSchema,
  semverSchema,
  shortTextSchema,
  softDeleteFields,
  tagsSchema,
  timeSchema,
} from './parts.ts';
import { reactFlowSchema } from './react-flow.ts';

export const flowStatuses = ['draft', 'active', 'archived', 'deprecated'] as const;
export const flowVisibilities = ['private', 'team', 'public'] as const;

const contributorSchema = z.looseObject({
  userId: z.string().min(1).max(limits.name),
  name: z.string().max(limits.name).optional(),
  role: z.enum(['owner', 'editor', 'viewer']),
});

const versionHistoryEntrySchema = z.looseObject({
  version: semverSchema,
  timestamp: timeSchema,
  changes: z.string().max(limits.description),
});
export type VersionHistoryEntry = z.infer<typeof versionHistoryEntrySchema>;

/** The fields of a flow, as contract and document share them. */
export const flowFields = {
  name: nameSchema,
  description: z.string().max(limits.description).optional(),
  author: z.string().max(limits.name).optional(),
  contributors: z.array(contributorSchema).max(limits.contributors).optional(),
  organization: z.string().max(limits.name).optional(),
  createdAt: timeSchema,
  updatedAt: timeSchema,
  lastAccessedAt: timeSchema.optional(),
  publishedAt: timeSchema.optional(),
  tags: tagsSchema.optional(),
  category: z.string().max(limits.category).optional(),
  visibility: z.enum(flowVisibilities).optional(),
  version: semverSchema,
  versionHistory: z.array(versionHistoryEntrySchema).max(limits.versionHistory).optional(),
  parentFlowId: foreignIdSchema.optional(),
  createdOnDevice: deviceInfoSchema.optional(),
  lastModifiedOnDevice: deviceInfoSchema.optional(),
  userAgent: shortTextSchema.optional(),
  status: z.enum(flowStatuses).optional(),
  isTemplate: z.boolean().optional(),
  isFavorite: z.boolean().optional(),
  pinLevel: z.enum(['none', 'user', 'global']).optional(),
  flow: reactFlowSchema,
  thumbnail: z.string().max(limits.thumbnail).optional(),
  readme: longTextSchema.optional(),
  ...softDeleteFields,
};

/** A flow without its identity: what a version keeps. Unknown fields stay. */
export const flowContentSchema = z.looseObject(flowFields).meta({ id: 'FlowContent' });
export type FlowContent = z.infer<typeof flowContentSchema>;

/**
 * `flow:<uuid>`. Unknown top-level fields are allowed here and in the validator, so that applications and newer
 * clients may add some; only those of `serverOnlyFields` are refused.
 */
export const flowDocumentSchema = z
  .looseObject({
    _id: z.string().regex(/^flow:[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/),
    ...engineFields,
    ...mergeFields,
    type: z.literal('flow'),
    schemaVersion: schemaVersionSchema,
    ...flowFields,
  })
  .meta({ id: 'FlowDocument' });
export type FlowDocument = z.infer<typeof flowDocumentSchema>;
