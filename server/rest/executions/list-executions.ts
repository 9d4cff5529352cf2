import { bareId, type ExecutionListQuery, type ExecutionSummary } from '../../../schema/index.ts';
import type { MonthFigures } from '../runs/month-figures.ts';
import type { Usage } from '../runs/usage.ts';
import type { DocumentStore, ViewQuery } from '../store/document-store.ts';
import type { RunsMonth, UserSpace } from '../store/user-space.ts';

export interface ListedExecutions {
  executions: ExecutionSummary[];
  total: number;
  limit: number;
  offset: number;
}

type Filter = Pick<ExecutionListQuery, 'flowId' | 'status'>;
type Page = { skip: number; limit: number };

/** Behind every text, in CouchDB's order of keys. */
const afterText = {};

function countIn({ byFlow }: MonthFigures, { flowId, status }: Filter): number {
  const figures = flowId === undefined ? [...byFlow.values()] : [byFlow.get(flowId)];
  return figures
    .flatMap((one) => Object.entries(one?.byStatus ?? {}))
    .filter(([name]) => status === undefined || name === status)
    .reduce((sum, [, count]) => sum + count, 0);
}

async function rows(documents: DocumentStore, view: string, query: ViewQuery): Promise<ExecutionSummary[]> {
  const found = await documents.view<unknown, ExecutionSummary>(view, {
    ...query,
    descending: true,
    reduce: false,
  });
  return found.map(({ id, value }) => ({ ...value, id: bareId(id ?? '') }));
}

/** The newest first; a view serves every filter but that of flow and status together, which picks from the flow's runs. */
async function pageOf(
  documents: DocumentStore,
  { flowId, status }: Filter,
  { skip, limit }: Page,
): Promise<ExecutionSummary[]> {
  if (flowId !== undefined) {
    const range = { startkey: [flowId, afterText], endkey: [flowId] };
    if (status === undefined) return rows(documents, 'executions_by_flow', { ...range, skip, limit });
    const all = await rows(documents, 'executions_by_flow', range);
    return all.filter((run) => run.status === status).slice(skip, skip + limit);
  }
  if (status !== undefined) {
    const range = { startkey: [status, afterText], endkey: [status] };
    return rows(documents, 'executions_by_status', { ...range, skip, limit });
  }
  return rows(documents, 'executions_by_started', { skip, limit });
}

/** The months of several spaces, those of the same month together, the newest first. */
async function monthsTogether(spaces: readonly UserSpace[]): Promise<RunsMonth[][]> {
  const byMonth = new Map<string, RunsMonth[]>();
  for (const month of (await Promise.all(spaces.map((space) => space.months()))).flat()) {
    byMonth.set(month.month, [...(byMonth.get(month.month) ?? []), month]);
  }
  return [...byMonth].toSorted(([a], [b]) => (a < b ? 1 : -1)).map(([, together]) => together);
}

/** A page of what several databases hold of one month. */
async function pageOfMonth(
  together: readonly RunsMonth[],
  filter: Filter,
  { skip, limit }: Page,
): Promise<ExecutionSummary[]> {
  const [only] = together;
  if (only && together.length === 1) return pageOf(only.documents, filter, { skip, limit });
  const first = { skip: 0, limit: skip + limit };
  const found = await Promise.all(together.map(({ documents }) => pageOf(documents, filter, first)));
  return found
    .flat()
    .toSorted((a, b) => (a.startedAt < b.startedAt ? 1 : -1))
    .slice(skip, skip + limit);
}

/** Runs over all months of these spaces, the newest first; within a month by the time they started. */
export async function listExecutions(
  spaces: readonly UserSpace[],
  usage: Usage,
  query: ExecutionListQuery,
): Promise<ListedExecutions> {
  const { limit, offset } = query;
  const executions: ExecutionSummary[] = [];
  let total = 0;
  const months = await monthsTogether(spaces);
  const counts = await Promise.all(
    months.map(async (together) => {
      const figures = await Promise.all(together.map((month) => usage.month(month)));
      return figures.reduce((sum, month) => sum + countIn(month, query), 0);
    }),
  );
  for (const [index, together] of months.entries()) {
    const count = counts[index] ?? 0;
    const skip = Math.max(0, offset - total);
    const wanted = limit - executions.length;
    if (skip < count && wanted > 0) {
      executions.push(...(await pageOfMonth(together, query, { skip, limit: wanted })));
    }
    total += count;
  }
  return { executions, total, limit, offset };
}
