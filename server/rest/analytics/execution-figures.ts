import type { ExecutionSummary } from '../../../schema/index.ts';
import { figuresByFlow, type MonthFigures } from '../runs/month-figures.ts';
import { addFigures } from '../runs/run-figures.ts';
import type { Usage } from '../runs/usage.ts';
import type { DocumentStore } from '../store/document-store.ts';
import type { UserSpace } from '../store/user-space.ts';
import { hasTime, type TimeRange } from './periods.ts';

type Selection = TimeRange & { flowId?: string };

/** Figures of many months under construction. */
interface Collected extends MonthFigures {
  of: ReturnType<typeof figuresByFlow>['of'];
}

function collect(): Collected {
  return { ...figuresByFlow(), byHour: Array.from({ length: 24 }, () => 0), byDay: new Map() };
}

function addMonth(total: Collected, month: MonthFigures): void {
  for (const [flowId, figures] of month.byFlow) addFigures(total.of(flowId), figures);
  for (const [hour, count] of month.byHour.entries()) total.byHour[hour] = (total.byHour[hour] ?? 0) + count;
  for (const [day, count] of month.byDay) total.byDay.set(day, (total.byDay.get(day) ?? 0) + count);
}

function durationOf({ duration, startedAt, completedAt }: ExecutionSummary): number | null {
  if (duration !== undefined) return duration;
  const elapsed = Date.parse(completedAt ?? '') - Date.parse(startedAt);
  return elapsed >= 0 ? elapsed : null;
}

function addRun(total: Collected, run: ExecutionSummary): void {
  const duration = run.status === 'completed' ? durationOf(run) : null;
  addFigures(total.of(run.flowId), {
    byStatus: { [run.status]: 1 },
    durationSum: duration ?? 0,
    durationCount: duration === null ? 0 : 1,
    tokensUsed: run.tokensUsed ?? 0,
    apiCalls: run.apiCallCount ?? 0,
    lastRun: Date.parse(run.startedAt),
  });
  const hour = Number(run.startedAt.slice(11, 13));
  total.byHour[hour] = (total.byHour[hour] ?? 0) + 1;
  const day = run.startedAt.slice(0, 10);
  total.byDay.set(day, (total.byDay.get(day) ?? 0) + 1);
}

const pageSize = 1000;
/** Behind every text, in CouchDB's order of keys. */
const afterText = {};

/** Runs of one month one by one, for what the reduced views cannot tell: a span of time, the hours of one flow. */
async function addSelected(
  total: Collected,
  documents: DocumentStore,
  { flowId, ...range }: Selection,
): Promise<void> {
  const view = flowId === undefined ? 'executions_by_started' : 'executions_by_flow';
  const keys =
    flowId === undefined
      ? { ...(range.from && { startkey: range.from }), ...(range.to && { endkey: range.to }) }
      : { startkey: [flowId, range.from ?? null], endkey: [flowId, range.to ?? afterText] };
  for (let skip = 0; ; skip += pageSize) {
    const query = { reduce: false, limit: pageSize, skip, ...keys };
    const rows = await documents.view<unknown, ExecutionSummary>(view, query);
    for (const { value } of rows) if (hasTime(range, value.startedAt)) addRun(total, value);
    if (rows.length < pageSize) return;
  }
}

/** The figures of all months, or of the runs selected. */
export async function collectFigures(
  space: Pick<UserSpace, 'months'>,
  usage: Usage,
  selection: Selection,
): Promise<MonthFigures> {
  const total = collect();
  const selected = selection.flowId ?? selection.from ?? selection.to;
  for (const month of await space.months()) {
    if (selected === undefined) addMonth(total, await usage.month(month));
    else await addSelected(total, month.documents, selection);
  }
  return total;
}
