import { bareId, type ExecutionListQuery, type ExecutionSummary } from '../../../schema/index.ts';
import type { MonthFigures } from '../runs/month-figures.ts';
import type { Usage } from '../runs/usage.ts';
import type { DocumentStore, ViewQuery } from '../store/document-store.ts';
import type { UserSpace } from '../store/user-space.ts';

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

/** Runs over all months, the newest first; within a month by the time they started. */
export async function listExecutions(
  space: UserSpace,
  usage: Usage,
  query: ExecutionListQuery,
): Promise<ListedExecutions> {
  const { limit, offset } = query;
  const executions: ExecutionSummary[] = [];
  let total = 0;
  const months = await space.months();
  const counts = await Promise.all(months.map(async (month) => countIn(await usage.month(month), query)));
  for (const [index, { documents }] of months.entries()) {
    const count = counts[index] ?? 0;
    const skip = Math.max(0, offset - total);
    const wanted = limit - executions.length;
    if (skip < count && wanted > 0) {
      executions.push(...(await pageOf(documents, query, { skip, limit: wanted })));
    }
    total += count;
  }
  return { executions, total, limit, offset };
}
