import type { SequenceCache } from '../store/sequence-cache.ts';
import type { RunsMonth, UserSpace } from '../store/user-space.ts';
import { readMonthFigures, type MonthFigures } from './month-figures.ts';
import {
  addFigures,
  averageDurationOf,
  countOf,
  lastRunOf,
  noFigures,
  successRateOf,
  type RunFigures,
} from './run-figures.ts';

/** The figures of a space's runs, remembered until a month changes. */
export interface Usage {
  month(month: RunsMonth): Promise<MonthFigures>;
  /** Over all months. */
  byFlow(space: Pick<UserSpace, 'months'>): Promise<Map<string, RunFigures>>;
}

/** Reads figures through a cache, month by month. */
export function createUsage({ cache }: { cache: SequenceCache }): Usage {
  const month = ({ database, documents }: RunsMonth): Promise<MonthFigures> =>
    cache.get(database, 'figures', documents, () => readMonthFigures(documents));
  return {
    month,
    async byFlow(space) {
      const total = new Map<string, RunFigures>();
      for (const { byFlow } of await Promise.all((await space.months()).map(month))) {
        for (const [flowId, figures] of byFlow) {
          const sum = total.get(flowId) ?? noFigures();
          addFigures(sum, figures);
          total.set(flowId, sum);
        }
      }
      return total;
    },
  };
}

/** The fields of a flow that are computed from its runs. */
export interface ComputedFields {
  executionCount: number;
  successRate?: number;
  /** Milliseconds. */
  avgExecutionTime?: number;
  lastExecutedAt?: string;
}

/** The computed fields of a flow; rates and times are left out where there is nothing to tell. */
export function computedFieldsOf(figures: RunFigures = noFigures()): ComputedFields {
  const successRate = successRateOf(figures);
  const avgExecutionTime = averageDurationOf(figures);
  const lastExecutedAt = lastRunOf(figures);
  return {
    executionCount: countOf(figures),
    ...(successRate === null ? {} : { successRate }),
    ...(avgExecutionTime === null ? {} : { avgExecutionTime }),
    ...(lastExecutedAt === null ? {} : { lastExecutedAt }),
  };
}
