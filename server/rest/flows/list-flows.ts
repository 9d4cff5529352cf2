import { z } from 'zod';
import { flowListQuerySchema } from '../../../schema/index.ts';
import type { Role } from '../../spaces/spaces.ts';
import { computedFieldsOf, type ComputedFields } from '../runs/usage.ts';
import { countOf, type RunFigures } from '../runs/run-figures.ts';
import type { UserSpace } from '../store/user-space.ts';
import type { FlowIndex } from './flow-index.ts';
import type { FlowSummary } from './flow-summary.ts';
import { visibilityIn } from './flow-view.ts';

/** The query of `GET /api/flows`; at most 500 flows an answer. */
export const listFlowsQuerySchema = flowListQuerySchema.extend({
  limit: z.coerce.number().int().min(1).max(500).default(50),
  spaceId: z.string().max(100).optional().describe('Of all spaces of the caller’s where it is left out.'),
});
export type ListFlowsQuery = z.infer<typeof listFlowsQuerySchema>;

/** One space's flows. */
export interface IndexedSpace {
  space: Pick<UserSpace, 'space' | 'role'>;
  index: FlowIndex;
}

/** A flow with the space where it is, and the caller's role there. */
export type PlacedFlow = FlowSummary & { spaceId: string; role: Role };

export interface ListedFlows {
  flows: (PlacedFlow & ComputedFields)[];
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

/** While a flow moves it may be in two spaces: it is shown where its history is longer. */
function onlyOnce(flows: readonly PlacedFlow[]): PlacedFlow[] {
  const byId = new Map<string, PlacedFlow>();
  for (const flow of flows) {
    const known = byId.get(flow.id);
    if (!known || Number.parseInt(flow.revision, 10) > Number.parseInt(known.revision, 10)) {
      byId.set(flow.id, flow);
    }
  }
  return [...byId.values()];
}

function findIn({ space: { space, role }, index }: IndexedSpace, search: string): PlacedFlow[] {
  const found = search === '' ? index.all() : index.search(search);
  return found.map((flow) => {
    const visibility = visibilityIn(space, flow.visibility);
    return { ...flow, ...(visibility === undefined ? {} : { visibility }), spaceId: space.id, role };
  });
}

/** Searches, filters, sorts and pages; flows that compare equal follow their ids, so that pages never overlap. */
export function listFlows(
  spaces: readonly IndexedSpace[],
  query: ListFlowsQuery,
  usage: ReadonlyMap<string, RunFigures>,
): ListedFlows {
  const { limit, offset } = query;
  const search = query.search?.trim() ?? '';
  const found = onlyOnce(spaces.flatMap((space) => findIn(space, search))).filter(filterOf(query));
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
