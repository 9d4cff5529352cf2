import { z } from 'zod';
import { anyTimeSchema } from './paging.ts';

const countsSchema = z.record(z.string(), z.int());
const seriesSchema = z.array(z.object({ period: z.string(), count: z.int() }));

export const analyticsQuerySchema = z.object({
  from: anyTimeSchema.or(z.iso.date()).optional(),
  to: anyTimeSchema.or(z.iso.date()).optional(),
  period: z.enum(['day', 'week', 'month']).default('day'),
  flowId: z.string().max(128).optional(),
  spaceId: z.string().max(100).optional().describe('Of all spaces of the caller’s where it is left out.'),
});
export type AnalyticsQuery = z.infer<typeof analyticsQuerySchema>;

export const flowAnalyticsSchema = z
  .looseObject({
    total: z.int(),
    byStatus: countsSchema,
    byCategory: countsSchema,
    byTag: countsSchema,
    created: seriesSchema,
    averageNodeCount: z.number().nullable(),
  })
  .meta({ id: 'FlowAnalytics' });
export type FlowAnalytics = z.infer<typeof flowAnalyticsSchema>;

const executionFiguresFields = {
  total: z.int(),
  byStatus: countsSchema,
  successRate: z.number().nullable().describe('Per cent of finished runs that completed, two decimals.'),
  averageDuration: z.number().nullable().describe('Milliseconds, completed runs only.'),
  tokensUsed: z.number(),
  apiCalls: z.number().optional(),
  lastRunAt: z.string().nullable().optional(),
};

export const executionAnalyticsSchema = z
  .looseObject({
    ...executionFiguresFields,
    byHour: z.array(z.int()).length(24).describe('Runs by hour of the day, UTC.'),
    runs: seriesSchema,
    byFlow: z.array(
      z.looseObject({ flowId: z.string(), flowName: z.string().optional(), ...executionFiguresFields }),
    ),
  })
  .meta({ id: 'ExecutionAnalytics' });
export type ExecutionAnalytics = z.infer<typeof executionAnalyticsSchema>;

export const activityAnalyticsSchema = z
  .looseObject({
    activeDays: z.object({ day: z.int(), week: z.int(), month: z.int() }).optional(),
    flowsEdited: seriesSchema.optional(),
    executions: seriesSchema.optional(),
    lastActiveAt: z.string().nullable().optional(),
  })
  .meta({ id: 'ActivityAnalytics' });
export type ActivityAnalytics = z.infer<typeof activityAnalyticsSchema>;
