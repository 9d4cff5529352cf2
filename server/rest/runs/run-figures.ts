import type { ExecutionDocument } from '../../../schema/index.ts';

export type ExecutionStatus = ExecutionDocument['status'];

/** Sums over runs, from which every rate and average follows; sums of several months add up. */
export interface RunFigures {
  byStatus: Record<string, number>;
  /** Milliseconds of completed runs whose duration is known, and how many those are. */
  durationSum: number;
  durationCount: number;
  tokensUsed: number;
  apiCalls: number;
  /** When the newest run started, in milliseconds since 1970. */
  lastRun: number | null;
}

/** No runs. */
export function noFigures(): RunFigures {
  return { byStatus: {}, durationSum: 0, durationCount: 0, tokensUsed: 0, apiCalls: 0, lastRun: null };
}

/** Adds the second to the first. */
export function addFigures(total: RunFigures, more: RunFigures): void {
  for (const [status, count] of Object.entries(more.byStatus)) {
    total.byStatus[status] = (total.byStatus[status] ?? 0) + count;
  }
  total.durationSum += more.durationSum;
  total.durationCount += more.durationCount;
  total.tokensUsed += more.tokensUsed;
  total.apiCalls += more.apiCalls;
  if (more.lastRun !== null) total.lastRun = Math.max(total.lastRun ?? more.lastRun, more.lastRun);
}

/** How many runs there are, running ones included. */
export function countOf(figures: RunFigures): number {
  return Object.values(figures.byStatus).reduce((sum, count) => sum + count, 0);
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

/** Per cent of the runs that ended which completed, two decimals; null while none has ended. */
export function successRateOf({ byStatus }: RunFigures): number | null {
  const completed = byStatus.completed ?? 0;
  const ended = completed + (byStatus.failed ?? 0) + (byStatus.cancelled ?? 0);
  return ended === 0 ? null : round((100 * completed) / ended);
}

/** Milliseconds, two decimals; null where no completed run has a duration. */
export function averageDurationOf({ durationSum, durationCount }: RunFigures): number | null {
  return durationCount === 0 ? null : round(durationSum / durationCount);
}

/** ISO time of the newest run's start. */
export function lastRunOf({ lastRun }: RunFigures): string | null {
  return lastRun === null ? null : new Date(lastRun).toISOString();
}
