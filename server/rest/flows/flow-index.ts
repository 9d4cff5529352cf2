import MiniSearch from 'minisearch';
import type { FlowDocument } from '../../../schema/index.ts';
import type { Stored } from '../store/document-store.ts';
import { summarizeFlow, type FlowSummary } from './flow-summary.ts';

const searchedFields = ['name', 'description', 'tags', 'category', 'readme', 'labels'] as const;
const labelLength = 200;
const combiningMarks = /\p{M}+/gu;

/** Words are compared without regard to case and accents. */
function processTerm(term: string): string {
  return term.normalize('NFKD').replace(combiningMarks, '').toLowerCase();
}

/** What people read on the nodes. */
function labelsOf({ flow }: FlowDocument): string {
  return flow.nodes
    .map((node) => (node.data as { label?: unknown } | null | undefined)?.label)
    .flatMap((label) => (typeof label === 'string' ? [label.slice(0, labelLength)] : []))
    .join(' ');
}

function textOf(doc: FlowDocument, field: string): string {
  if (field === 'labels') return labelsOf(doc);
  const value: unknown = (doc as Record<string, unknown>)[field];
  if (Array.isArray(value)) return value.join(' ');
  return typeof value === 'string' ? value : '';
}

/** The summaries of one database's flows, and their words. */
export interface FlowIndex {
  put(doc: FlowDocument & Stored): void;
  remove(id: string): void;
  get(id: string): FlowSummary | undefined;
  /** All flows, the soft-deleted ones too, in no order. */
  all(): FlowSummary[];
  /** Flows that have every word, or a word that starts with it, in any of their texts; best match first. */
  search(text: string): FlowSummary[];
  /** Characters of text held, which the memory used goes with. */
  size(): number;
}

/** An empty index. */
export function createFlowIndex(): FlowIndex {
  const summaries = new Map<string, { summary: FlowSummary; size: number }>();
  const words = new MiniSearch<FlowDocument & { id: string }>({
    fields: [...searchedFields],
    extractField: (doc, field) => (field === 'id' ? doc.id : textOf(doc, field)),
    processTerm,
    searchOptions: { prefix: true, combineWith: 'AND', boost: { name: 3, tags: 2 } },
  });
  let total = 1;

  function remove(id: string): void {
    const known = summaries.get(id);
    if (known === undefined) return;
    summaries.delete(id);
    words.discard(id);
    total -= known.size;
  }
  return {
    put(doc) {
      const summary = summarizeFlow(doc);
      remove(summary.id);
      words.add({ ...doc, id: summary.id });
      const size = JSON.stringify(summary).length + textOf(doc, 'readme').length + labelsOf(doc).length;
      summaries.set(summary.id, { summary, size });
      total += size;
    },
    remove,
    get: (id) => summaries.get(id)?.summary,
    all: () => [...summaries.values()].map(({ summary }) => summary),
    search: (text) => words.search(text).flatMap(({ id }) => summaries.get(String(id))?.summary ?? []),
    size: () => total,
  };
}
