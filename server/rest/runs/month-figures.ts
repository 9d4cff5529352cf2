import type { DocumentStore, ViewRow } from '../store/document-store.ts';
import { noFigures, type RunFigures } from './run-figures.ts';

/** What the views of one month's runs say, as sums. */
export interface MonthFigures {
  byFlow: Map<string, RunFigures>;
  /** Runs that started in each hour of the day, UTC. */
  byHour: number[];
  /** `YYYY-MM-DD` → runs that started then. */
  byDay: Map<string, number>;
}

/** What the reduce `_stats` gives. */
interface Stats {
  sum: number;
  count: number;
  min: number;
  max: number;
}

/** Figures of flows, made when first asked for. */
export function figuresByFlow(): { byFlow: Map<string, RunFigures>; of(flowId: string): RunFigures } {
  const byFlow = new Map<string, RunFigures>();
  return {
    byFlow,
    of(flowId) {
      const known = byFlow.get(flowId) ?? noFigures();
      byFlow.set(flowId, known);
      return known;
    },
  };
}

function grouped<K, V>(documents: DocumentStore, view: string): Promise<ViewRow<K, V>[]> {
  return documents.view<K, V>(view, { group: true });
}

async function readFlows(documents: DocumentStore): Promise<Map<string, RunFigures>> {
  const [counts, durations, tokens, calls, last] = await Promise.all([
    grouped<[string, string], Stats>(documents, 'executions_by_flow_status'),
    grouped<string, Stats>(documents, 'durations_by_flow'),
    grouped<string, Stats>(documents, 'tokens_by_flow'),
    grouped<string, Stats>(documents, 'api_calls_by_flow'),
    grouped<string, Stats>(documents, 'last_run'),
  ]);
  const flows = figuresByFlow();
  for (const { key, value } of counts) flows.of(key[0]).byStatus[key[1]] = value.count;
  for (const { key, value } of durations) {
    Object.assign(flows.of(key), { durationSum: value.sum, durationCount: value.count });
  }
  for (const { key, value } of tokens) flows.of(key).tokensUsed = value.sum;
  for (const { key, value } of calls) flows.of(key).apiCalls = value.sum;
  for (const { key, value } of last) flows.of(key).lastRun = value.max;
  return flows.byFlow;
}

/** Reads the reduced views of one month. */
export async function readMonthFigures(documents: DocumentStore): Promise<MonthFigures> {
  const [byFlow, hours, days] = await Promise.all([
    readFlows(documents),
    grouped<number, number>(documents, 'executions_by_hour'),
    grouped<string, number>(documents, 'executions_by_day'),
  ]);
  const byHour = Array.from({ length: 24 }, () => 0);
  for (const { key, value } of hours) byHour[key] = value;
  return { byFlow, byHour, byDay: new Map(days.map(({ key, value }) => [key, value])) };
}
