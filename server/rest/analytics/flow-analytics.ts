import type { AnalyticsQuery, FlowAnalytics } from '../../../schema/index.ts';
import type { FlowIndex } from '../flows/flow-index.ts';
import { countOf, type RunFigures } from '../runs/run-figures.ts';
import { monthsOf } from '../runs/months-of.ts';
import { sorted } from '../store/sorted.ts';
import type { UserSpace } from '../store/user-space.ts';
import type { AnalyticsServices } from './execution-analytics.ts';
import { hasDay, rangeOf, seriesOf } from './periods.ts';

/** A template and how much it is used. */
export interface TemplateUse {
  flowId: string;
  name: string;
  /** Flows that were made from it. */
  copies: number;
  executions: number;
}

/** Counts of a view whose reduce is `_count`, by key, over several spaces. */
export async function countsOf(
  spaces: readonly Pick<UserSpace, 'documents'>[],
  view: string,
): Promise<[string, number][]> {
  const totals = new Map<string, number>();
  const found = await Promise.all(
    spaces.map(({ documents }) => documents.view<string, number>(view, { group: true })),
  );
  for (const { key, value } of found.flat()) totals.set(key, (totals.get(key) ?? 0) + value);
  return [...totals];
}

async function nodeCountOf(spaces: readonly UserSpace[]): Promise<{ total: number; average: number | null }> {
  const rows = await Promise.all(
    spaces.map(({ documents }) => documents.view<null, { sum: number; count: number }>('node_count', {})),
  );
  const stats = rows.flatMap(([row]) => row?.value ?? []);
  const sum = stats.reduce((total, one) => total + one.sum, 0);
  const count = stats.reduce((total, one) => total + one.count, 0);
  return { total: count, average: count === 0 ? null : Math.round((100 * sum) / count) / 100 };
}

/** The templates of these spaces, the most popular first: by copies, then by runs. */
function templatesOf(indexes: readonly FlowIndex[], usage: ReadonlyMap<string, RunFigures>): TemplateUse[] {
  const flows = indexes.flatMap((index) => index.all()).filter(({ deleted }) => deleted !== true);
  const copies = new Map<string, number>();
  for (const { parentFlowId: id } of flows) if (id !== undefined) copies.set(id, (copies.get(id) ?? 0) + 1);
  const templates = flows
    .filter(({ isTemplate }) => isTemplate === true)
    .map(({ id, name }) => {
      const figures = usage.get(id);
      const executions = figures === undefined ? 0 : countOf(figures);
      return { flowId: id, name, copies: copies.get(id) ?? 0, executions };
    });
  return sorted(
    templates,
    (a, b) => b.copies - a.copies || b.executions - a.executions || (a.flowId < b.flowId ? -1 : 1),
  );
}

/** What flows these spaces have; `from` and `to` choose what is counted as created, the rest tells of today. */
export async function flowAnalytics(
  spaces: readonly UserSpace[],
  { catalog, usage }: AnalyticsServices,
  query: AnalyticsQuery,
): Promise<FlowAnalytics> {
  const range = rangeOf(query);
  const [byStatus, byCategory, byTag, days, nodes, indexes, figures] = await Promise.all([
    countsOf(spaces, 'flows_by_status'),
    countsOf(spaces, 'flows_by_category'),
    countsOf(spaces, 'flows_by_tag'),
    countsOf(spaces, 'flows_by_created_day'),
    nodeCountOf(spaces),
    Promise.all(spaces.map((space) => catalog.current(space))),
    usage.byFlow(monthsOf(spaces)),
  ]);
  return {
    total: nodes.total,
    byStatus: Object.fromEntries(byStatus),
    byCategory: Object.fromEntries(byCategory),
    byTag: Object.fromEntries(byTag),
    created: seriesOf(
      days.filter(([day]) => hasDay(range, day)),
      query.period,
    ),
    averageNodeCount: nodes.average,
    templates: templatesOf(indexes, figures),
  };
}
