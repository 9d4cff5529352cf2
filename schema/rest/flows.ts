import { z } from 'zod';
import { flowFields, flowStatuses } from '../documents/flow.ts';
import { deviceInfoSchema, shortTextSchema, timeSchema, uuidSchema } from '../documents/parts.ts';
import { pagingQueryFields, pagingReplyFields } from './paging.ts';

const metadataSchema = z.looseObject({
  createdOnDevice: deviceInfoSchema.optional(),
  lastModifiedOnDevice: deviceInfoSchema.optional(),
  userAgent: shortTextSchema.optional(),
});

/** Computed from views on reading; whatever an input says is ignored, so any value passes. */
const ignoredInputFields = {
  executionCount: z.unknown().optional(),
  successRate: z.unknown().optional(),
  avgExecutionTime: z.unknown().optional(),
  lastExecutedAt: z.unknown().optional(),
};

/** Where a flow is to be; neither is kept in the flow. */
const placeFields = {
  spaceId: z.unknown().optional().describe('For a new flow: the space to make it in. Else ignored.'),
  teamId: z
    .string()
    .min(1)
    .max(100)
    .optional()
    .describe('With `visibility` team: which one. The only one where it is left out.'),
};

const optionalOnInput = {
  version: flowFields.version.optional(),
  createdAt: timeSchema.optional(),
  updatedAt: timeSchema.optional(),
  metadata: metadataSchema.optional(),
  ...placeFields,
  ...ignoredInputFields,
};

/** To set one of these to null is to clear it. */
const clearable = {
  description: flowFields.description.nullable(),
  author: flowFields.author.nullable(),
  organization: flowFields.organization.nullable(),
  category: flowFields.category.nullable(),
  tags: flowFields.tags.nullable(),
  visibility: flowFields.visibility.nullable(),
  status: flowFields.status.nullable(),
  publishedAt: flowFields.publishedAt.nullable(),
  parentFlowId: flowFields.parentFlowId.nullable(),
  thumbnail: flowFields.thumbnail.nullable(),
  readme: flowFields.readme.nullable(),
};

/** Of what a caller's edit is an edit. */
export const editedFromFields = {
  revision: z.string().max(64).optional().describe('The revision that was edited.'),
  base: z
    .looseObject({ name: flowFields.name, flow: flowFields.flow })
    .optional()
    .describe('The flow as it was at that revision, for merging where the server does not have it any more.'),
};

/** What became of an edit of a revision that is not the newest. */
export const editOutcomeSchema = z
  .object({
    action: z
      .enum(['merged', 'kept_both'])
      .describe('merged: both edits are in the flow; kept_both: this one shows and the other is a version.'),
    versionId: z.string().optional().describe('Where the side that does not show was kept.'),
  })
  .meta({ id: 'EditOutcome' });
export type EditOutcome = z.infer<typeof editOutcomeSchema>;

/** `POST /api/flows`: a name and a graph; every other field of a flow and fields of the application's own may follow. */
export const createFlowBodySchema = z
  .looseObject({ ...flowFields, ...clearable, ...optionalOnInput, id: uuidSchema.optional() })
  .meta({ id: 'CreateFlow' });
export type CreateFlowBody = z.infer<typeof createFlowBodySchema>;

/** `PUT` and `PATCH /api/flows/:id`: any of the fields. Name and graph are needed where the server has not seen the id. */
export const updateFlowBodySchema = z
  .looseObject({
    ...flowFields,
    ...clearable,
    ...optionalOnInput,
    name: flowFields.name.optional(),
    flow: flowFields.flow.optional(),
    ...editedFromFields,
  })
  .meta({ id: 'UpdateFlow' });
export type UpdateFlowBody = z.infer<typeof updateFlowBodySchema>;

/** What a list is searched for. */
export const searchSchema = z
  .string()
  .max(500)
  .describe(
    'Full text of name, description, tags, category, readme and labels of nodes; every word, or the start of one. Of more than ten words the ten longest count, and of each text the first 100,000 characters.',
  );

export const flowListQuerySchema = z.object({
  search: searchSchema.optional(),
  tags: z.string().max(2_000).optional().describe('Separated by commas; a flow must have all of them.'),
  category: z.string().max(100).optional(),
  status: z.enum(flowStatuses).optional(),
  sort: z.enum(['updated', 'created', 'name', 'executions']).default('updated'),
  order: z
    .enum(['asc', 'desc'])
    .optional()
    .describe('Names ascend and everything else descends where it is left out.'),
  deleted: z.enum(['true', 'false']).optional().describe('True lists only what was deleted.'),
  ...pagingQueryFields,
});
export type FlowListQuery = z.infer<typeof flowListQuerySchema>;

/** Filled in on reading. */
const computedReplyFields = {
  executionCount: z.int().min(0).optional(),
  successRate: z.number().optional().describe('Per cent of finished runs that completed, two decimals.'),
  avgExecutionTime: z.number().optional().describe('Milliseconds, completed runs only.'),
  lastExecutedAt: timeSchema.optional(),
};

/** A whole flow as REST shows it. */
export const flowSchema = z
  .looseObject({
    id: uuidSchema,
    revision: z.string().optional().describe('What the ETag says.'),
    outcome: editOutcomeSchema.optional(),
    spaceId: z.string().optional().describe('The space that the flow is in.'),
    ...flowFields,
    ...computedReplyFields,
  })
  .meta({ id: 'Flow' });

/** A flow in a list: everything but its graph, thumbnail and readme. */
export const flowSummarySchema = z
  .looseObject({
    id: uuidSchema,
    name: flowFields.name,
    description: flowFields.description,
    tags: flowFields.tags,
    category: flowFields.category,
    status: flowFields.status,
    visibility: flowFields.visibility,
    version: flowFields.version,
    createdAt: timeSchema,
    updatedAt: timeSchema,
    isFavorite: flowFields.isFavorite,
    isTemplate: flowFields.isTemplate,
    nodeCount: z.int().min(0),
    edgeCount: z.int().min(0).optional(),
    deleted: z.boolean().optional(),
    deletedAt: timeSchema.optional(),
    spaceId: z.string().optional().describe('The space that the flow is in.'),
    role: z.enum(['owner', 'editor', 'viewer']).optional().describe('The caller’s, in that space.'),
    ...computedReplyFields,
  })
  .meta({ id: 'FlowSummary' });
export type FlowSummary = z.infer<typeof flowSummarySchema>;

export const flowListSchema = z
  .object({ flows: z.array(flowSummarySchema), ...pagingReplyFields })
  .meta({ id: 'FlowList' });

export const createdFlowSchema = z
  .object({
    id: uuidSchema,
    name: z.string(),
    version: z.string(),
    createdAt: timeSchema,
    updatedAt: timeSchema,
    syncedToCloud: z.literal(true),
  })
  .meta({ id: 'CreatedFlow' });

export const deletedFlowSchema = z
  .object({ deleted: z.literal(true), deletedAt: timeSchema })
  .meta({ id: 'DeletedFlow' });

export const duplicateFlowBodySchema = z
  .object({ name: flowFields.name.optional() })
  .optional()
  .meta({ id: 'DuplicateFlow' });
export type DuplicateFlowBody = z.infer<typeof duplicateFlowBodySchema>;

export const flowStatsSchema = z
  .object({
    flowId: z.string(),
    totalExecutions: z.int(),
    successfulExecutions: z.int(),
    failedExecutions: z.int(),
    cancelledExecutions: z.int().optional(),
    runningExecutions: z.int().optional(),
    successRate: z.number().nullable(),
    avgExecutionTime: z.number().nullable(),
    tokensUsed: z.number(),
    lastExecutedAt: timeSchema.nullable(),
  })
  .meta({ id: 'FlowStats' });
export type FlowStats = z.infer<typeof flowStatsSchema>;

export const flowIdParamsSchema = z.object({ id: uuidSchema });
export const flowVersionParamsSchema = z.object({
  id: uuidSchema,
  versionId: z.string().regex(/^[0-9a-f]{64}$/),
});

export const versionSummarySchema = z
  .looseObject({
    id: z.string().describe('The hash of the content.'),
    flowId: uuidSchema,
    name: z.string(),
    version: z.string(),
    updatedAt: timeSchema,
    nodeCount: z.int().min(0).optional(),
    changes: z.string().optional(),
  })
  .meta({ id: 'VersionSummary' });
export type VersionSummary = z.infer<typeof versionSummarySchema>;
export const versionListSchema = z
  .object({ versions: z.array(versionSummarySchema) })
  .meta({ id: 'VersionList' });

/** A saved version with the flow as it was. */
export const versionSchema = versionSummarySchema
  .extend({ snapshot: z.looseObject({}) })
  .meta({ id: 'Version' });
