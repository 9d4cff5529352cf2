import { compareLeaves, revisionOf, sourcesOf } from './leaf-rank.ts';
import type { MergeConflict } from './merge-flows.ts';
import { flowRules, type ConflictRule, type MergeRules } from './merge-rules.ts';
import { computeRevision } from './revision.ts';
import {
  compareRevisions,
  createRevisionGraph,
  movedFromOf,
  splitRevision,
  type Leaf,
  type LeafDocument,
} from './revision-graph.ts';
import { settlePair, type PairContext, type PairOutcome } from './settle-pair.ts';
import { isWithinLimits } from './within-limits.ts';
import { limits } from '../schema/index.ts';

/** The version of the rules of automatic merging. Raise it where the same leaves would give something else. */
export const mergeVersion = 1;

/** Revisions of which a history tells; what is older is forgotten everywhere. */
const longestAncestry = 200;

export interface MergeDocumentInput {
  /** All leaves, ended ones among them. */
  leaves: readonly Leaf[];
  /** Contents of common ancestors, by revision. */
  bases?: ReadonlyMap<string, LeafDocument>;
  /** Ancestors that are known although the history has forgotten them. */
  links?: readonly { revision: string; ancestor: string }[];
  rule?: ConflictRule;
  rules?: MergeRules;
  /** Of the code that merges; tests have several. */
  mergeVersion?: number;
  /** Whether two merges of which the base is not here are left to a device that has it; default false. */
  patient?: boolean;
  /** False where the caller's role may not write `deleted: true`; default true. */
  mayDelete?: boolean;
}

/** Two leaves that nobody can settle here without asking. */
export interface OpenPair {
  sides: [string, string];
  /** The revision that was the base; null where its content is not here, or where nobody was to merge. */
  base: string | null;
  conflicts: MergeConflict[];
  /** Nearest common ancestors whose content is not here. */
  missing: string[];
}

/** What settles a conflict. Versions are to be kept first, then everything else is written at one go. */
export interface Settlement {
  /** The leaf that shows when all is written, with its revision and history; null where nothing is alive. */
  document: LeafDocument | null;
  revision: string | null;
  ancestry: string[];
  /** Leaves to write with `new_edits: false`. */
  merges: Leaf[];
  tombstones: Leaf[];
  /** Contents to keep as versions. */
  versions: LeafDocument[];
  /** The live leaves that remain, the one that shows first. */
  remaining: Leaf[];
  open: OpenPair[];
}

/** Ends a leaf that lost, in a revision that every device computes alike. */
export function endLeaf(leaf: Leaf, resolvedInto: string): Leaf {
  const { _id, type } = leaf.document;
  const parent = revisionOf(leaf);
  const document = { _id, _deleted: true, type, resolvedInto };
  const revision = computeRevision(document, splitRevision(parent)[0] + 1, parent);
  return { document, ancestry: [revision, ...leaf.ancestry].slice(0, longestAncestry) };
}

function mergeLeaf(
  [higher, lower]: readonly [Leaf, Leaf],
  content: Record<string, unknown>,
  version: number,
): Leaf {
  const [left, right] = [higher.document, lower.document];
  const parent = revisionOf(higher);
  const document: LeafDocument = {
    ...content,
    ...(left._attachments === undefined ? {} : { _attachments: left._attachments }),
    _id: left._id,
    type: left.type,
    schemaVersion: Math.max(Number(left.schemaVersion), Number(right.schemaVersion)),
    mergeVersion: version,
    mergedFrom: [...new Set([...sourcesOf(higher), ...sourcesOf(lower)])].toSorted(),
  };
  const revision = computeRevision(document, splitRevision(parent)[0] + 1, parent);
  return { document, ancestry: [revision, ...higher.ancestry].slice(0, longestAncestry) };
}

interface Progress {
  live: Leaf[];
  written: Map<string, Leaf>;
  tombstones: Leaf[];
  versions: LeafDocument[];
  open: OpenPair[];
}

function contentsOf({ leaves, bases = new Map() }: MergeDocumentInput): Map<string, LeafDocument> {
  const live = leaves.filter(({ document }) => document._deleted !== true);
  const known = [...bases, ...live.map((leaf) => [revisionOf(leaf), leaf.document] as const)];
  const moved = known.flatMap(([own, document]) => {
    const revision = movedFromOf(document, own);
    return revision === null ? [] : [[revision, document] as const];
  });
  return new Map([...moved, ...known]);
}

/** Whether an outcome may be written at all; one that a server refuses would leave only the end of what it replaces. */
function isAllowed(
  outcome: PairOutcome,
  [higher, lower]: readonly [Leaf, Leaf],
  input: MergeDocumentInput,
): boolean {
  if (outcome.kind !== 'merge') return true;
  if (!isWithinLimits(outcome.content as LeafDocument)) return false;
  const count = new Set([...sourcesOf(higher), ...sourcesOf(lower)]).size;
  const deletes = outcome.content.deleted === true && higher.document.deleted !== true;
  return count <= limits.mergedFrom && (!deletes || (input.mayDelete ?? true));
}

/** Settles one pair; false where none can be settled. */
function step(progress: Progress, input: MergeDocumentInput): boolean {
  const { rule = 'merge', rules = flowRules, leaves, links } = input;
  const endings = [...leaves, ...progress.tombstones, ...progress.live];
  const context: PairContext = {
    graph: createRevisionGraph(endings, links),
    rule,
    rules,
    contents: contentsOf({ ...input, leaves: endings }),
    patient: input.patient ?? false,
  };
  progress.open = [];
  for (const [index, higher] of progress.live.entries()) {
    for (const lower of progress.live.slice(index + 1)) {
      const pair = [higher, lower] as const;
      const outcome = settlePair(higher, lower, context);
      if (outcome.kind !== 'open' && isAllowed(outcome, pair, input)) {
        apply(progress, pair, outcome, input.mergeVersion ?? mergeVersion);
        return true;
      }
      const { base = null, conflicts = [], missing = [] } = outcome.kind === 'open' ? outcome : {};
      progress.open.push({ sides: [revisionOf(higher), revisionOf(lower)], base, conflicts, missing });
    }
  }
  return false;
}

function apply(
  progress: Progress,
  [higher, lower]: readonly [Leaf, Leaf],
  outcome: Exclude<PairOutcome, { kind: 'open' }>,
  version: number,
): void {
  const winner = outcome.kind === 'pick' ? higher : mergeLeaf([higher, lower], outcome.content, version);
  progress.versions.push(...(outcome.kind === 'merge' ? outcome.keep : outcome.keep ? [lower.document] : []));
  progress.tombstones.push(endLeaf(lower, revisionOf(winner)));
  // What a merge builds on here is in its history and needs no leaf of its own.
  if (winner !== higher) progress.written.delete(revisionOf(higher));
  progress.written.delete(revisionOf(lower));
  if (winner !== higher) progress.written.set(revisionOf(winner), winner);
  const others = progress.live.filter((leaf) => leaf !== higher && leaf !== lower);
  progress.live = [winner, ...others].toSorted(compareLeaves);
}

/**
 * Settles the conflicts of one document as far as nobody has to be asked. Leaves are taken two by two, the higher ones
 * first, so that who saw fewer of them wrote a part of the same history; the result depends on the leaves and bases
 * alone and is the same on every device and engine.
 */
export function mergeDocument(input: MergeDocumentInput): Settlement {
  const live = input.leaves.filter(({ document }) => document._deleted !== true);
  const progress: Progress = {
    live: live.toSorted(compareLeaves),
    written: new Map(),
    tombstones: [],
    versions: [],
    open: [],
  };
  while (progress.live.length > 1 && step(progress, input));
  const remaining = progress.live.toSorted((a, b) => compareRevisions(revisionOf(a), revisionOf(b)));
  const [shown] = remaining;
  return {
    document: shown?.document ?? null,
    revision: shown ? revisionOf(shown) : null,
    ancestry: shown?.ancestry ?? [],
    merges: [...progress.written.values()],
    tombstones: progress.tombstones,
    versions: input.rules?.keepsVersions === false ? [] : progress.versions,
    remaining,
    open: progress.live.length > 1 ? progress.open : [],
  };
}
