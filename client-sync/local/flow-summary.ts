import type { FlowContent } from '../../schema/index.ts';
import type { PouchDocument } from '../pouch/pouch-types.ts';
import type { FlowQuery } from '../flow-types.ts';
import { textOf } from './text-of.ts';

/** What lists are sorted, filtered and searched by; the graphs stay in the database. */
export interface FlowSummary {
  name: string;
  createdAt: string;
  updatedAt: string;
  tags: string[];
  category?: string;
  status?: string;
  deleted: boolean;
  /** Lower-case text of name and of the rest. */
  nameText: string;
  text: string;
}

const longestLabels = 4_000;
const longestReadme = 20_000;

function labelsOf(content: Partial<FlowContent>): string {
  const nodes = Array.isArray(content.flow?.nodes) ? content.flow.nodes : [];
  const labels = nodes.map(({ data }) => {
    const { label, name } = (data ?? {}) as { label?: unknown; name?: unknown };
    return [label, name].filter((value) => typeof value === 'string').join(' ');
  });
  return labels.join(' ').slice(0, longestLabels);
}

/** Reads what any document may hold: an older or foreign client may have written it. */
export function summarizeFlow(doc: PouchDocument): FlowSummary {
  const content = doc as Partial<FlowContent>;
  const tags = Array.isArray(content.tags) ? content.tags : [];
  const name = textOf(content.name);
  const parts = [content.description, content.category, content.author, ...tags];
  const text = [...parts, content.readme?.slice(0, longestReadme), labelsOf(content)];
  return {
    name,
    createdAt: textOf(content.createdAt),
    updatedAt: textOf(content.updatedAt),
    tags,
    ...(content.category === undefined ? {} : { category: content.category }),
    ...(content.status === undefined ? {} : { status: content.status }),
    deleted: content.deleted === true,
    nameText: name.toLowerCase(),
    text: text.filter(Boolean).join('\n').toLowerCase(),
  };
}

/** How well a flow answers a search: 0 where a word is missing; words in the name, and at its start, count more. */
export function searchScore(summary: FlowSummary, words: string[]): number {
  let score = 0;
  for (const word of words) {
    const inName = summary.nameText.indexOf(word);
    if (inName === 0) score += 8;
    else if (inName > 0) score += summary.nameText[inName - 1] === ' ' ? 6 : 4;
    else if (summary.text.includes(word)) score += 1;
    else return 0;
  }
  return score;
}

function matches(summary: FlowSummary, query: FlowQuery): boolean {
  if (summary.deleted !== (query.deleted ?? false)) return false;
  if (query.category !== undefined && summary.category !== query.category) return false;
  if (query.status !== undefined && summary.status !== query.status) return false;
  return (query.tags ?? []).every((tag) => summary.tags.includes(tag));
}

function compareBy(query: FlowQuery): (a: FlowSummary, b: FlowSummary) => number {
  const sort = query.sort ?? 'updated';
  const order = query.order ?? (sort === 'name' ? 'asc' : 'desc');
  const sign = order === 'asc' ? 1 : -1;
  if (sort === 'name') return (a, b) => sign * a.name.localeCompare(b.name, undefined, { numeric: true });
  const field = sort === 'created' ? 'createdAt' : 'updatedAt';
  return (a, b) => sign * (a[field] < b[field] ? -1 : Number(a[field] > b[field]));
}

/** The ids that answer a query, in its order, all of them. */
export function selectFlows(entries: Map<string, FlowSummary>, query: FlowQuery): string[] {
  const words = (query.search ?? '').toLowerCase().split(/\s+/).filter(Boolean);
  const compare = compareBy(query);
  const byScore = words.length > 0 && query.sort === undefined;
  return [...entries]
    .filter(([, summary]) => matches(summary, query))
    .map(([id, summary]) => ({ id, summary, score: searchScore(summary, words) }))
    .filter(({ score }) => words.length === 0 || score > 0)
    .toSorted(
      (a, b) => (byScore ? b.score - a.score : 0) || compare(a.summary, b.summary) || (a.id < b.id ? -1 : 1),
    )
    .map(({ id }) => id);
}
