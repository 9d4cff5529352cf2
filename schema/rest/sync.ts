import { z } from 'zod';
import { timeSchema, uuidSchema } from '../documents/parts.ts';
import { createFlowBodySchema, editedFromFields, flowSchema } from './flows.ts';
import { anyTimeSchema } from './paging.ts';

/** What `syncedAt` says where more flows follow: opaque to callers, who send it back as it is. */
export const syncContinuationSchema = z.templateLiteral([
  timeSchema,
  '~',
  timeSchema,
  '~',
  timeSchema,
  '~',
  uuidSchema,
]);

/** Since when to sync. */
export const syncTimeSchema = z
  .union([anyTimeSchema, syncContinuationSchema])
  .describe('A time, or what `syncedAt` said.');

/**
 * A flow of a push. It may name the `revision` it was edited from, which makes conflicts certain, and bring that content
 * along as `base`, with which edits of different places merge even where the server keeps it no more.
 */
export const pushedFlowSchema = createFlowBodySchema
  .extend({ id: uuidSchema, ...editedFromFields })
  .meta({ id: 'PushedFlow' });
export type PushedFlow = z.infer<typeof pushedFlowSchema>;

/** `POST /api/sync/flows`. A flow of another shape is refused by itself and does not hold up the others. */
export const syncFlowsBodySchema = z
  .object({
    flows: z.array(z.union([pushedFlowSchema, z.unknown()])).max(1_000),
    lastSyncAt: syncTimeSchema.nullable().optional(),
  })
  .meta({ id: 'SyncFlows' });
export type SyncFlowsBody = z.infer<typeof syncFlowsBodySchema>;

export const conflictActions = ['server_wins', 'merged', 'kept_both'] as const;

export const syncConflictSchema = z
  .object({
    flowId: uuidSchema,
    localUpdatedAt: z.string().nullable(),
    serverUpdatedAt: z.string().nullable(),
    action: z.enum(conflictActions),
    versionId: z.string().optional().describe('Where the side that does not show was kept.'),
  })
  .meta({ id: 'SyncConflict' });
export type SyncConflict = z.infer<typeof syncConflictSchema>;

export const refusedFlowSchema = z
  .object({
    index: z.int().min(0).describe('Its place among the flows that were pushed.'),
    flowId: uuidSchema.optional().describe('Left out where its id is none.'),
    path: z.string().optional().describe('What is wrong in the body, such as `flows.3.name`.'),
    reason: z.string(),
  })
  .meta({ id: 'RefusedFlow' });
export type RefusedFlow = z.infer<typeof refusedFlowSchema>;

export const syncFlowsReplySchema = z
  .object({
    synced: z.array(uuidSchema),
    conflicts: z.array(syncConflictSchema),
    refused: z.array(refusedFlowSchema).optional(),
    syncedAt: z.string().optional(),
  })
  .meta({ id: 'SyncFlowsReply' });
export type SyncFlowsReply = z.infer<typeof syncFlowsReplySchema>;

export const changedFlowsQuerySchema = z.object({ since: syncTimeSchema.optional() });

/** `GET /api/sync/flows?since=`: whole flows, deleted ones with `deleted: true`. */
export const changedFlowsReplySchema = z
  .object({
    flows: z.array(flowSchema),
    syncedAt: z.string().describe('The `since` of the next call.'),
    more: z
      .literal(true)
      .optional()
      .describe('There is more than one answer can hold: ask again at once, since `syncedAt`.'),
  })
  .meta({ id: 'ChangedFlows' });
