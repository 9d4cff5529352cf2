import type { FlowStats } from '../../../schema/index.ts';
import {
  averageDurationOf,
  countOf,
  lastRunOf,
  noFigures,
  successRateOf,
  type RunFigures,
} from './run-figures.ts';

/** The figures of one flow as `GET /api/flows/:id/stats` answers them. */
export function statsOf(
  flowId: string,
  figures: RunFigures = noFigures(),
): FlowStats & { apiCallCount: number } {
  const { byStatus, tokensUsed, apiCalls } = figures;
  return {
    flowId,
    totalExecutions: countOf(figures),
    successfulExecutions: byStatus.completed ?? 0,
    failedExecutions: byStatus.failed ?? 0,
    cancelledExecutions: byStatus.cancelled ?? 0,
    runningExecutions: byStatus.running ?? 0,
    successRate: successRateOf(figures),
    avgExecutionTime: averageDurationOf(figures),
    tokensUsed,
    apiCallCount: apiCalls,
    lastExecutedAt: lastRunOf(figures),
  };
}
