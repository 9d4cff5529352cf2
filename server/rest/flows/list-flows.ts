import { z } from 'zod';
import { flowListQuerySchema } from '../../../schema/index.ts';
import { computedFieldsOf, type ComputedFields } from '../runs/usage.ts';
import { countOf, type RunFigures } from '../runs/run-figures.ts';
import type { FlowIndex } from './flow-index.ts';
import type { FlowSummary } from './flow-summary.ts';

/** The query of `GET /api/flows`; at most 500 flows an answer. */
export const listFlowsQuerySchema = flowListQuerySchema.extend({
  search: z
    .string()
    .max(500)
    .optional()
    .describe(
      'Full text of name, description, tags, category, readme and labels of nodes; every word, or the start of one.',
    ),
  limit: z.coerce.number().int().min(1).max(500).default(50),
});
export type ListFlowsQuery = z.infer<typeof listFlowsQuerySchema>;

export interface ListedFlows {
  flows: (FlowSummary & ComputedFields)[];
  total: number;
  limit: number;
  offset: number;
}

type Compare = (a: FlowSummary, b: FlowSummary) => number;

const collator = new Intl.Collator('en');

function textOrder(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function comparison({ sort }: ListFlowsQuery, usage: ReadonlyMap<string, RunFigures>): Compare {
  const runs = ({ id }: FlowSummary): number => {
    const figures = usage.get(id);
    return figures === undefined ? 0 : countOf(figures);
  };
  switch (sort) {
    case 'name':
      return (a, b) => collator.compare(a.name, b.name);
    case 'created':
      return (a, b) => textOrder(a.createdAt, b.createdAt);
    case 'executions':
      return (a, b) => runs(a) - runs(b);
    default:
      return (a, b) => textOrder(a.updatedAt, b.updatedAt);
  }
}

function filterOf(query: ListFlowsQuery): (flow: FlowSummary) => boolean {
  const tags = (query.tags ?? '')
    .split(',')
    .map((tag) => tag.trim())
    .filter((tag) => tag !== '');
  const deleted = query.deleted === 'true';
  return (flow) =>
    (flow.deleted === true) === deleted &&
    (query.category === undefined || flow.category === query.category) &&
    (query.status === undefined || (flow.status ?? 'draft') === query.status) &&
    tags.every((tag) => flow.tags?.includes(tag) === true);
}

/** Searches, filters, sorts and pages; flows that compare equal follow their ids, so that pages never overlap. */
export function listFlows(
  index: FlowIndex,
  query: ListFlowsQuery,
  usage: ReadonlyMap<string, RunFigures>,
): ListedFlows {
  const { limit, offset } = query;
  const search = query.search?.trim() ?? '';
  const found = (search === '' ? index.all() : index.search(search)).filter(filterOf(query));
  const compare = comparison(query, usage);
  const direction = (query.order ?? (query.sort === 'name' ? 'asc' : 'desc')) === 'asc' ? 1 : -1;
  found.sort((a, b) => direction * compare(a, b) || textOrder(a.id, b.id));
  return {
    flows: found
      .slice(offset, offset + limit)
      .map((flow) => ({ ...flow, ...computedFieldsOf(usage.get(flow.id)) })),
    total: found.length,
    limit,
    offset,
  };
}
