import type { ActivityAnalytics, AnalyticsQuery } from '../../../schema/index.ts';
import type { FlowIndex } from '../flows/flow-index.ts';
import { monthsOf } from '../runs/months-of.ts';
import { lastRunOf, type RunFigures } from '../runs/run-figures.ts';
import { sorted } from '../store/sorted.ts';
import type { UserSpace } from '../store/user-space.ts';
import { nameIn, type AnalyticsServices } from './execution-analytics.ts';
import { collectFigures } from './execution-figures.ts';
import { countsOf } from './flow-analytics.ts';
import { hasDay, rangeOf, seriesOf } from './periods.ts';

const dayMilliseconds = 86_400_000;

/** The last `count` days in UTC, today included. */
function lastDays(now: Date, count: number): Set<string> {
  return new Set(
    Array.from({ length: count }, (_, n) =>
      new Date(now.getTime() - n * dayMilliseconds).toISOString().slice(0, 10),
    ),
  );
}

function lastRunsOf(
  indexes: readonly FlowIndex[],
  byFlow: ReadonlyMap<string, RunFigures>,
): { flowId: string; flowName?: string; lastRunAt: string }[] {
  const runs = [...byFlow].flatMap(([flowId, figures]) => {
    const lastRunAt = lastRunOf(figures);
    const name = nameIn(indexes, flowId);
    return lastRunAt === null
      ? []
      : [{ flowId, ...(name === undefined ? {} : { flowName: name }), lastRunAt }];
  });
  return sorted(runs, (a, b) => (a.lastRunAt < b.lastRunAt ? 1 : -1));
}

function lastActiveOf(indexes: readonly FlowIndex[], runs: readonly { lastRunAt: string }[]): string | null {
  const edits = indexes.flatMap((index) => index.all().map(({ updatedAt }) => updatedAt));
  const times = [...edits, ...runs.map(({ lastRunAt }) => lastRunAt)];
  return times.reduce<string | null>((last, time) => (last === null || time > last ? time : last), null);
}

/** When the user was active: days on which a flow was made or last edited, or a run started. */
export async function activityAnalytics(
  spaces: readonly UserSpace[],
  { catalog, usage, now }: AnalyticsServices,
  query: AnalyticsQuery,
): Promise<ActivityAnalytics> {
  const range = rangeOf(query);
  const [indexes, created, edited, figures] = await Promise.all([
    Promise.all(spaces.map((space) => catalog.current(space))),
    countsOf(spaces, 'flows_by_created_day'),
    countsOf(spaces, 'flows_by_updated_day'),
    collectFigures(monthsOf(spaces), usage, {}),
  ]);
  const inRange = (days: Iterable<readonly [string, number]>): (readonly [string, number])[] =>
    [...days].filter(([day]) => hasDay(range, day));
  const active = sorted(new Set([...created, ...edited, ...figures.byDay].map(([day]) => day)));
  const within = (days: number): number => {
    const last = lastDays(now(), days);
    return active.filter((day) => last.has(day)).length;
  };
  const lastRuns = lastRunsOf(indexes, figures.byFlow);
  return {
    activeDays: { day: within(1), week: within(7), month: within(30) },
    activeDates: active.filter((day) => hasDay(range, day)),
    flowsCreated: seriesOf(inRange(created), query.period),
    flowsEdited: seriesOf(inRange(edited), query.period),
    executions: seriesOf(inRange(figures.byDay), query.period),
    lastRuns,
    lastActiveAt: lastActiveOf(indexes, lastRuns),
  };
}
