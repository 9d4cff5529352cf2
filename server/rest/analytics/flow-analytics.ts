import type { AnalyticsQuery, FlowAnalytics } from '../../../schema/index.ts';
import type { FlowIndex } from '../flows/flow-index.ts';
import { countOf, type RunFigures } from '../runs/run-figures.ts';
import type { DocumentStore } from '../store/document-store.ts';
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

/** Counts of a view whose reduce is `_count`, by key. */
export async function countsOf(documents: DocumentStore, view: string): Promise<[string, number][]> {
  const rows = await documents.view<string, number>(view, { group: true });
  return rows.map(({ key, value }) => [key, value]);
}

async function nodeCountOf(documents: DocumentStore): Promise<{ total: number; average: number | null }> {
  const [row] = await documents.view<null, { sum: number; count: number }>('node_count', {});
  const { sum, count } = row?.value ?? { sum: 0, count: 0 };
  return { total: count, average: count === 0 ? null : Math.round((100 * sum) / count) / 100 };
}

/** The templates of a space, the most popular first: by copies, then by runs. */
function templatesOf(index: FlowIndex, usage: ReadonlyMap<string, RunFigures>): TemplateUse[] {
  const flows = index.all().filter(({ deleted }) => deleted !== true);
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

/** What flows a space has; `from` and `to` choose what is counted as created, the rest tells of today. */
export async function flowAnalytics(
  space: UserSpace,
  { catalog, usage }: AnalyticsServices,
  query: AnalyticsQuery,
): Promise<FlowAnalytics> {
  const { documents } = space;
  const range = rangeOf(query);
  const [byStatus, byCategory, byTag, days, nodes, index, figures] = await Promise.all([
    countsOf(documents, 'flows_by_status'),
    countsOf(documents, 'flows_by_category'),
    countsOf(documents, 'flows_by_tag'),
    countsOf(documents, 'flows_by_created_day'),
    nodeCountOf(documents),
    catalog.current(space),
    usage.byFlow(space),
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
    templates: templatesOf(index, figures),
  };
}
