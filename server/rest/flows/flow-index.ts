import type { FlowDocument } from '../../../schema/index.ts';
import type { Stored } from '../store/document-store.ts';
import { summarizeFlow, type FlowSummary } from './flow-summary.ts';

const searchedFields = ['name', 'description', 'tags', 'category', 'readme', 'labels'] as const;
/** Characters of a field in which words are found. */
const searchedLength = 100_000;
/** Each word is looked for in all texts of a space, and the process does nothing else meanwhile. */
const mostSearchedWords = 10;
const labelLength = 200;
const combiningMarks = /\p{M}+/gu;
const betweenWords = /[\s\p{Z}\p{P}]+/u;

/** The words of a text, each once; they are compared without regard to case and accents. */
function wordsIn(text: string): string[] {
  const plain = text.normalize('NFKD').replace(combiningMarks, '').toLowerCase();
  return [...new Set(plain.split(betweenWords))].filter((word) => word !== '');
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

/** Every word with a space before it, so that the beginnings of words can be found. */
function searchedText(doc: FlowDocument): string {
  const texts = searchedFields.map((field) => textOf(doc, field).slice(0, searchedLength));
  return ` ${wordsIn(texts.join(' ')).join(' ')}`;
}

/** Of many words the longest, which say most. */
function beginningsFor(search: string): string[] {
  return wordsIn(search)
    .toSorted((a, b) => b.length - a.length)
    .slice(0, mostSearchedWords)
    .map((word) => ` ${word}`);
}

/** The summaries of one database's flows, and their words. */
export interface FlowIndex {
  put(doc: FlowDocument & Stored): void;
  remove(id: string): void;
  get(id: string): FlowSummary | undefined;
  /** All flows, the soft-deleted ones too, in no order. */
  all(): FlowSummary[];
  /** Flows that have every word, or a word that starts with it, in any of their texts; of many words the ten longest. */
  search(text: string): FlowSummary[];
  /** Characters of text held, which the memory used goes with. */
  size(): number;
}

/** An empty index. */
export function createFlowIndex(): FlowIndex {
  const entries = new Map<string, { summary: FlowSummary; text: string; size: number }>();
  let total = 1;

  function remove(id: string): void {
    total -= entries.get(id)?.size ?? 0;
    entries.delete(id);
  }
  return {
    put(doc) {
      const summary = summarizeFlow(doc);
      remove(summary.id);
      const text = searchedText(doc);
      const size = JSON.stringify(summary).length + text.length;
      entries.set(summary.id, { summary, text, size });
      total += size;
    },
    remove,
    get: (id) => entries.get(id)?.summary,
    all: () => [...entries.values()].map(({ summary }) => summary),
    search(text) {
      const beginnings = beginningsFor(text);
      if (beginnings.length === 0) return [];
      return [...entries.values()]
        .filter((entry) => beginnings.every((beginning) => entry.text.includes(beginning)))
        .map(({ summary }) => summary);
    },
    size: () => total,
  };
}
