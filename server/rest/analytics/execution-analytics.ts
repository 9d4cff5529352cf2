import type { AnalyticsQuery, ExecutionAnalytics } from '../../../schema/index.ts';
import type { FlowCatalog } from '../flows/flow-catalog.ts';
import type { FlowIndex } from '../flows/flow-index.ts';
import { monthsOf } from '../runs/months-of.ts';
import {
  addFigures,
  averageDurationOf,
  countOf,
  lastRunOf,
  noFigures,
  successRateOf,
  type RunFigures,
} from '../runs/run-figures.ts';
import type { Usage } from '../runs/usage.ts';
import { sorted } from '../store/sorted.ts';
import type { UserSpace } from '../store/user-space.ts';
import { collectFigures } from './execution-figures.ts';
import { rangeOf, seriesOf } from './periods.ts';

export interface AnalyticsServices {
  catalog: FlowCatalog;
  usage: Usage;
  now: () => Date;
}

type Figures = Pick<
  ExecutionAnalytics,
  'total' | 'byStatus' | 'successRate' | 'averageDuration' | 'tokensUsed' | 'apiCalls' | 'lastRunAt'
>;

function figuresReply(figures: RunFigures): Figures & { successful: number } {
  return {
    total: countOf(figures),
    successful: figures.byStatus.completed ?? 0,
    byStatus: figures.byStatus,
    successRate: successRateOf(figures),
    averageDuration: averageDurationOf(figures),
    tokensUsed: figures.tokensUsed,
    apiCalls: figures.apiCalls,
    lastRunAt: lastRunOf(figures),
  };
}

/** What a flow is called where it is. */
export function nameIn(indexes: readonly FlowIndex[], flowId: string): string | undefined {
  return indexes.flatMap((index) => index.get(flowId)?.name ?? [])[0];
}

/** Hours of the day with the most runs, the busiest first; none where nothing ran. */
function peakHoursOf(byHour: readonly number[]): { hour: number; count: number }[] {
  const hours = byHour.map((count, hour) => ({ hour, count })).filter(({ count }) => count > 0);
  return sorted(hours, (a, b) => b.count - a.count || a.hour - b.hour).slice(0, 3);
}

/** What the runs of these spaces come to, in all, by hour, by period and by flow; the flow with the most runs first. */
export async function executionAnalytics(
  spaces: readonly UserSpace[],
  { catalog, usage }: AnalyticsServices,
  query: AnalyticsQuery,
): Promise<ExecutionAnalytics> {
  const { flowId, period } = query;
  const selection = { ...rangeOf(query), ...(flowId === undefined ? {} : { flowId }) };
  const [indexes, figures] = await Promise.all([
    Promise.all(spaces.map((space) => catalog.current(space))),
    collectFigures(monthsOf(spaces), usage, selection),
  ]);
  const total = noFigures();
  for (const one of figures.byFlow.values()) addFigures(total, one);
  const byFlow = [...figures.byFlow].map(([id, one]) => {
    const name = nameIn(indexes, id);
    return { flowId: id, ...(name === undefined ? {} : { flowName: name }), ...figuresReply(one) };
  });
  return {
    ...figuresReply(total),
    byHour: figures.byHour,
    peakHours: peakHoursOf(figures.byHour),
    runs: seriesOf(figures.byDay, period),
    byFlow: sorted(byFlow, (a, b) => b.total - a.total || (a.flowId < b.flowId ? -1 : 1)),
  };
}
