import { z } from 'zod';
import {
  executionErrorFields,
  executionFields,
  executionLogFields,
  executionMetricFields,
  executionStatuses,
} from '../documents/execution.ts';
import { deviceInfoSchema, foreignIdSchema, shortTextSchema, timeSchema } from '../documents/parts.ts';
import { pagingQueryFields, pagingReplyFields } from './paging.ts';

/** `POST /api/executions`: a run that the application is about to make and only records here. */
export const createExecutionBodySchema = z
  .looseObject({
    id: foreignIdSchema.optional(),
    flowId: executionFields.flowId,
    flowName: executionFields.flowName.optional(),
    flowVersion: executionFields.flowVersion.optional(),
    name: executionFields.name,
    description: executionFields.description,
    input: z.unknown().optional(),
    trigger: executionFields.trigger.default('manual'),
    triggerMetadata: executionFields.triggerMetadata,
    tags: executionFields.tags,
    environment: executionFields.environment,
    metadata: z
      .looseObject({ executedOnDevice: deviceInfoSchema.optional(), userAgent: shortTextSchema.optional() })
      .optional(),
  })
  .meta({ id: 'CreateExecution' });
export type CreateExecutionBody = z.infer<typeof createExecutionBodySchema>;

/** `PUT /api/executions/:id/complete`. Duration is counted from the start where it is left out. */
export const completeExecutionBodySchema = z
  .looseObject({
    status: z.enum(['completed', 'failed', 'cancelled']),
    results: executionFields.results.optional(),
    output: z.unknown().optional(),
    duration: executionFields.duration,
    completedAt: timeSchema.optional(),
    ...executionMetricFields,
    ...executionErrorFields,
    ...executionLogFields,
    metrics: z.looseObject(executionMetricFields).optional(),
  })
  .meta({ id: 'CompleteExecution' });
export type CompleteExecutionBody = z.infer<typeof completeExecutionBodySchema>;

export const executionListQuerySchema = z.object({
  flowId: foreignIdSchema.optional(),
  status: z.enum(executionStatuses).optional(),
  spaceId: z.string().max(100).optional().describe('Of all spaces of the caller’s where it is left out.'),
  ...pagingQueryFields,
});
export type ExecutionListQuery = z.infer<typeof executionListQuerySchema>;

/** A whole execution as REST shows it. */
export const executionSchema = z
  .looseObject({ id: foreignIdSchema, revision: z.string().optional(), ...executionFields })
  .meta({ id: 'Execution' });
export type Execution = z.infer<typeof executionSchema>;

/** An execution in a list: without input, output, results and logs. */
export const executionSummarySchema = z
  .looseObject({
    id: foreignIdSchema,
    flowId: executionFields.flowId,
    flowName: executionFields.flowName,
    flowVersion: executionFields.flowVersion,
    status: executionFields.status,
    trigger: executionFields.trigger,
    startedAt: timeSchema,
    completedAt: executionFields.completedAt,
    duration: executionFields.duration,
    tokensUsed: executionMetricFields.tokensUsed,
    apiCallCount: executionMetricFields.apiCallCount,
    error: executionErrorFields.error,
  })
  .meta({ id: 'ExecutionSummary' });
export type ExecutionSummary = z.infer<typeof executionSummarySchema>;

export const executionListSchema = z
  .object({ executions: z.array(executionSummarySchema), ...pagingReplyFields })
  .meta({ id: 'ExecutionList' });

export const startedExecutionSchema = z
  .looseObject({ id: foreignIdSchema, status: z.literal('running'), startedAt: timeSchema })
  .meta({ id: 'StartedExecution' });

export const executionIdParamsSchema = z.object({ id: foreignIdSchema });

export const executionLogsSchema = z
  .object({ logs: z.array(z.unknown()), warnings: z.array(z.unknown()).optional() })
  .meta({ id: 'ExecutionLogs' });
