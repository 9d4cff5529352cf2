import type { TemplateListQuery } from '../../../schema/index.ts';
import type { FlowIndex } from '../flows/flow-index.ts';
import type { FlowSummary } from '../flows/flow-summary.ts';

type Listed = FlowSummary & { popularity: number };

const collator = new Intl.Collator('en');

function textOrder(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

const comparisons: Record<TemplateListQuery['sort'], (a: Listed, b: Listed) => number> = {
  popularity: (a, b) => a.popularity - b.popularity,
  updated: (a, b) => textOrder(a.updatedAt, b.updatedAt),
  created: (a, b) => textOrder(a.createdAt, b.createdAt),
  name: (a, b) => collator.compare(a.name, b.name),
};

/** Searches, filters, sorts and pages the templates; equal ones follow their ids, so that pages never overlap. */
export function listTemplates(
  index: FlowIndex,
  { search = '', tags = '', category, sort, order, limit, offset }: TemplateListQuery,
  uses: ReadonlyMap<string, number>,
): { templates: Listed[]; total: number; limit: number; offset: number } {
  const wanted = tags.split(',').flatMap((tag) => tag.trim() || []);
  const found = (search.trim() === '' ? index.all() : index.search(search))
    .filter((flow) => flow.deleted !== true)
    .filter((flow) => category === undefined || flow.category === category)
    .filter((flow) => wanted.every((tag) => flow.tags?.includes(tag) === true))
    .map((flow) => ({ ...flow, popularity: uses.get(flow.id) ?? 0 }));
  const direction = (order ?? (sort === 'name' ? 'asc' : 'desc')) === 'asc' ? 1 : -1;
  found.sort((a, b) => direction * comparisons[sort](a, b) || textOrder(a.id, b.id));
  return { templates: found.slice(offset, offset + limit), total: found.length, limit, offset };
}
