import { documentContent } from './document-content.ts';
import { equalJson } from './equal-json.ts';
import { contentRevisionOf, isMerge, revisionOf, sourcesOf } from './leaf-rank.ts';
import type { MergeConflict } from './merge-flows.ts';
import type { Combined, ConflictRule, MergeRules } from './merge-rules.ts';
import type { Leaf, LeafDocument, RevisionGraph } from './revision-graph.ts';

/** What is needed to decide between two leaves. */
export interface PairContext {
  graph: RevisionGraph;
  rule: ConflictRule;
  rules: MergeRules;
  /** Contents by revision. */
  contents: ReadonlyMap<string, LeafDocument>;
  /** Whether two merges of which the base is not here are left to a device that has it. */
  patient: boolean;
}

/** What becomes of a pair of leaves. */
export type PairOutcome =
  /** The higher one stays; the lower ends in it, kept as a version where that is said. */
  | { kind: 'pick'; keep: boolean }
  /** A new revision on top of the higher one; `keep` are sides that it does not hold completely. */
  | { kind: 'merge'; content: Record<string, unknown>; keep: LeafDocument[] }
  /** Somebody has to choose, or someone else has the base: these revisions are not here. */
  | { kind: 'open'; base: string | null; conflicts: MergeConflict[]; missing: string[] };

function open(fields: Partial<Extract<PairOutcome, { kind: 'open' }>> = {}): PairOutcome {
  return { kind: 'open', base: null, conflicts: [], missing: [], ...fields };
}

function digestsOf({ _attachments }: LeafDocument): Record<string, unknown> {
  const entries = Object.entries((_attachments ?? {}) as Record<string, { digest?: unknown }>);
  return Object.fromEntries(entries.map(([name, { digest }]) => [name, digest]));
}

/** The later one shows and the other becomes a version; where the later is the lower one, in a new revision above both. */
function takeLater(higher: Leaf, lower: Leaf): PairOutcome {
  const [a, b] = [String(higher.document.updatedAt), String(lower.document.updatedAt)];
  if (a >= b) return { kind: 'pick', keep: true };
  return { kind: 'merge', content: documentContent(lower.document), keep: [higher.document] };
}

/** Null where the document was deleted: both sides were written anew above that. */
function contentAt(contents: ReadonlyMap<string, LeafDocument>, revision: string): LeafDocument | null {
  const document = contents.get(revision);
  return document === undefined || document._deleted === true ? null : document;
}

/** On every nearest common ancestor, which must all give the same. */
function combine(higher: Leaf, lower: Leaf, { graph, rules, contents }: PairContext): Combined | PairOutcome {
  const sides = [higher.document, lower.document] as const;
  if (!rules.needsBase) return rules.combine(null, sides);
  const bases = graph.nearestCommon(revisionOf(higher), revisionOf(lower));
  const missing = bases.filter((revision) => !contents.has(revision));
  if (bases.length === 0 || missing.length > 0) return open({ missing });
  const results = bases.map((revision) => rules.combine(contentAt(contents, revision), sides));
  const [first = null] = results;
  const disputed = results.find(({ conflicts }) => conflicts.length > 0);
  const isClear =
    disputed === undefined && results.every((other) => equalJson(other.content, first?.content));
  if (isClear && first !== null) return first;
  const base = bases.find((revision) => contentAt(contents, revision) !== null) ?? null;
  return open({ base, conflicts: (disputed ?? first)?.conflicts ?? [] });
}

function decideMerge(higher: Leaf, lower: Leaf, context: PairContext): PairOutcome {
  const { rules } = context;
  if (!equalJson(digestsOf(higher.document), digestsOf(lower.document))) return open();
  const combined = combine(higher, lower, context);
  if ('kind' in combined) {
    if (rules.same(higher.document, lower.document)) return { kind: 'pick', keep: false };
    // Two merges that overlap, or of which nobody has the base: nobody is asked about what nobody wrote.
    const isBlind = combined.kind === 'open' && combined.missing.length > 0;
    const isDecided = isMerge(higher) && isMerge(lower) && !(isBlind && context.patient);
    return isDecided ? { kind: 'pick', keep: true } : combined;
  }
  const result = { ...higher.document, ...combined.content };
  const isHigher =
    rules.same({ ...combined.content, _id: higher.document._id }, higher.document) &&
    equalJson(result.versionHistory, higher.document.versionHistory);
  if (isHigher) return { kind: 'pick', keep: false };
  const keep = combined.repaired.length > 0 ? [higher.document, lower.document] : [];
  return { kind: 'merge', content: combined.content, keep };
}

/** Whether a leaf builds on everything that a merge took in. */
function outdates(leaf: Leaf, merge: Leaf, graph: RevisionGraph): boolean {
  const known = graph.ancestorsOf(revisionOf(leaf));
  return isMerge(merge) && sourcesOf(merge).every((source) => known.has(source));
}

/** Decides between two leaves, of which `higher` stands first by `compareLeaves`. */
export function settlePair(higher: Leaf, lower: Leaf, context: PairContext): PairOutcome {
  const { graph, rule, rules } = context;
  const sources = new Set(sourcesOf(higher));
  if (graph.ancestorsOf(revisionOf(higher)).has(contentRevisionOf(lower)))
    return { kind: 'pick', keep: false };
  const isSame = rules.same(higher.document, lower.document);
  if (isSame && equalJson(higher.document.versionHistory, lower.document.versionHistory)) {
    return { kind: 'pick', keep: false };
  }
  if (graph.ancestorsOf(revisionOf(lower)).has(contentRevisionOf(higher))) {
    return { kind: 'merge', content: documentContent(lower.document), keep: [] };
  }
  if (isMerge(higher) && isMerge(lower) && sourcesOf(lower).every((source) => sources.has(source))) {
    return { kind: 'pick', keep: true };
  }
  // Somebody chose among all that a merge took in while it was made.
  if (outdates(higher, lower, graph)) return { kind: 'pick', keep: false };
  if (outdates(lower, higher, graph)) {
    return { kind: 'merge', content: documentContent(lower.document), keep: [] };
  }
  if (rule === 'ask') return isSame ? { kind: 'pick', keep: false } : open();
  return rule === 'merge' ? decideMerge(higher, lower, context) : takeLater(higher, lower);
}
