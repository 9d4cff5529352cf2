import type { ZodType } from 'zod';
import {
  activityAnalyticsSchema,
  analyticsQuerySchema,
  executionAnalyticsSchema,
  flowAnalyticsSchema,
  type AnalyticsQuery,
} from '../../../schema/index.ts';
import { defineRoute, type Route } from '../route.ts';
import type { OpenUserSpace, UserSpace } from '../store/user-space.ts';
import { activityAnalytics } from './activity-analytics.ts';
import { executionAnalytics, type AnalyticsServices } from './execution-analytics.ts';
import { flowAnalytics } from './flow-analytics.ts';

interface Question {
  name: string;
  summary: string;
  schema: ZodType;
  answer: (
    spaces: readonly UserSpace[],
    services: AnalyticsServices,
    query: AnalyticsQuery,
  ) => Promise<unknown>;
}

const questions: Question[] = [
  {
    name: 'flows',
    summary: 'Flows by status, category and tag, created over time, templates by popularity',
    schema: flowAnalyticsSchema,
    answer: flowAnalytics,
  },
  {
    name: 'executions',
    summary: 'Executions: success rate, duration, tokens, API calls, peak hours, over time and by flow',
    schema: executionAnalyticsSchema,
    answer: executionAnalytics,
  },
  {
    name: 'activity',
    summary: 'Active days, edits and runs over time, the last run of each flow',
    schema: activityAnalyticsSchema,
    answer: activityAnalytics,
  },
];

/** The calls on analytics, answered from views. */
export function createAnalyticsRoutes(services: AnalyticsServices & { open: OpenUserSpace }): Route[] {
  return questions.map(({ name, summary, schema, answer }) =>
    defineRoute({
      method: 'get',
      path: `/api/analytics/${name}`,
      tag: 'Analytics',
      summary,
      access: 'read',
      query: analyticsQuerySchema,
      replies: { 200: { description: 'Figures of the caller’s spaces, or of the one named.', schema } },
      async handle({ principal, query }) {
        const spaces = await services.open.all(principal, query.spaceId);
        return { status: 200, body: await answer(spaces, services, query) };
      },
    }),
  );
}
