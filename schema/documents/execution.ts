import { z } from 'zod';
import { limits } from '../field-rules.ts';
import { assetIdSchema } from './asset.ts';
import {
  countSchema,
  deviceInfoSchema,
  engineFields,
  foreignIdSchema,
  longTextSchema,
  mergeFields,
  millisecondsSchema,
  nameSchema,
  schemaVersionSchema,
  shortTextSchema,
  softDeleteFields,
  tagsSchema,
  timeSchema,
} from './parts.ts';

export const executionStatuses = ['running', 'completed', 'failed', 'cancelled'] as const;
export const executionTriggers = ['manual', 'scheduled', 'webhook', 'api', 'test'] as const;

const nodeIdSchema = z.string().min(1).max(limits.graphId);

/** What one node gave. */
export const executionResultSchema = z
  .looseObject({
    nodeId: nodeIdSchema,
    output: z.string().max(limits.resultOutput),
    /** Where a large output lies; `output` is empty then. */
    outputAsset: assetIdSchema.optional(),
    error: longTextSchema.optional(),
    executedAt: timeSchema,
    traceId: z.string().max(limits.name).optional(),
    metadata: z.looseObject({}).optional(),
  })
  .meta({ id: 'ExecutionResult' });
export type ExecutionResult = z.infer<typeof executionResultSchema>;

/** The measured part of a run. */
export const executionMetricFields = {
  nodeExecutionTimes: z.record(z.string(), millisecondsSchema).optional(),
  apiCallCount: countSchema.optional(),
  tokensUsed: countSchema.optional(),
  cacheHits: countSchema.optional(),
  cacheMisses: countSchema.optional(),
};

/** What a failed run says about its failure. */
export const executionErrorFields = {
  error: longTextSchema.optional(),
  errorStack: longTextSchema.optional(),
  errorType: z.string().max(limits.name).optional(),
  failedNodeId: nodeIdSchema.optional(),
  failedNodeName: shortTextSchema.optional(),
  retryCount: countSchema.optional(),
};

/** Log lines are kept as the application wrote them, text or `{level, message, timestamp, data}`. */
export const executionLogFields = {
  logs: z.array(z.unknown()).max(limits.lines).optional(),
  warnings: z.array(z.unknown()).max(limits.lines).optional(),
  debugInfo: z.unknown().optional(),
};

/** The fields of an execution, as contract and document share them. */
export const executionFields = {
  name: nameSchema.optional(),
  description: z.string().max(limits.description).optional(),
  flowId: foreignIdSchema,
  flowName: z.string().max(limits.name),
  flowVersion: z.string().max(128),
  status: z.enum(executionStatuses),
  startedAt: timeSchema,
  completedAt: timeSchema.optional(),
  duration: millisecondsSchema.optional(),
  trigger: z.enum(executionTriggers),
  triggeredBy: z.string().max(limits.name).optional(),
  triggerMetadata: z.looseObject({}).optional(),
  executedOnDevice: deviceInfoSchema.optional(),
  userAgent: shortTextSchema.optional(),
  ipAddress: z.string().max(limits.name).optional(),
  input: z.unknown().optional(),
  output: z.unknown().optional(),
  /** Where a large output lies, which is then not here. */
  outputAsset: assetIdSchema.optional(),
  results: z.array(executionResultSchema).max(limits.results),
  ...executionMetricFields,
  ...executionErrorFields,
  ...executionLogFields,
  compressed: z.boolean().optional(),
  dataSize: countSchema.optional(),
  tags: tagsSchema.optional(),
  environment: z.enum(['development', 'staging', 'production']).optional(),
  ...softDeleteFields,
};

/** `execution:<uuid v7>`; an imported one keeps the id it had. */
export const executionDocumentSchema = z
  .looseObject({
    _id: z.string().regex(/^execution:[0-9A-Za-z][0-9A-Za-z._~-]{0,127}$/),
    ...engineFields,
    ...mergeFields,
    type: z.literal('execution'),
    schemaVersion: schemaVersionSchema,
    ...executionFields,
  })
  .meta({ id: 'ExecutionDocument' });
export type ExecutionDocument = z.infer<typeof executionDocumentSchema>;
