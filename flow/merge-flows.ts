import type { FlowContent } from '../schema/index.ts';
import { canonicalJson } from './canonical-json.ts';
import { memberOf } from './equal-json.ts';
import { flowContent } from './flow.ts';
import { bookkeepingRules, mergeTags } from './merge-bookkeeping.ts';
import { mergeEntries } from './merge-entries.ts';
import { repairGraph, type Repair } from './repair-graph.ts';
import {
  agree,
  changedSides,
  leadOf,
  mergeValue,
  type FieldRules,
  type MergeChange,
  type MergeContext,
} from './three-way.ts';

/** A place that several sides changed in different ways. `sides` stand in the order in which they were given. */
export interface MergeConflict {
  /** From the flow inwards: `['name']`, `['flow', 'nodes', <id>, 'data', 'prompt']`. */
  path: string[];
  base: unknown;
  sides: unknown[];
}

export interface FlowMerge {
  /** Where there is a conflict, the later side's value shows; what was deleted on one side only stays. */
  merged: FlowContent;
  conflicts: MergeConflict[];
  repaired: Repair[];
}

export interface FlowSides {
  /** What the sides have in common; null where nobody knows, and then every difference is a conflict. */
  base: FlowContent | null;
  sides: readonly FlowContent[];
}

const deletionFields = ['deleted', 'deletedAt', 'deletedBy'];
const fieldRules: FieldRules = { atom: () => false, later: () => false };
const graphParts = new Set(['nodes', 'edges', 'viewport']);

type Fields = Record<string, unknown>;

function keysOf(values: readonly (object | null | undefined)[], ignored: (key: string) => boolean): string[] {
  const keys = new Set(values.flatMap((value) => Object.keys(value ?? {})));
  return [...keys].filter((key) => !ignored(key)).toSorted();
}

const entriesOf = (fields: [string, unknown][]) =>
  Object.fromEntries(fields.filter(([, value]) => value !== undefined));

function mergeGraph(context: MergeContext, { base, sides }: FlowSides): { flow: Fields; repaired: Repair[] } {
  const graphs = sides.map(({ flow }) => flow);
  const part = (name: 'nodes' | 'edges') =>
    mergeEntries(context, ['flow', name], {
      base: base?.flow[name] ?? [],
      sides: graphs.map((graph) => graph[name]),
    });
  const own = keysOf([base?.flow, ...graphs], (key) => graphParts.has(key)).map((key): [string, unknown] => {
    const members = { base: memberOf(base?.flow, key), sides: graphs.map((graph) => memberOf(graph, key)) };
    return [key, mergeValue(context, ['flow', key], { ...members, rules: fieldRules })];
  });
  const views = graphs.map(({ viewport }) => viewport);
  const turned = changedSides(context, base?.flow.viewport, views);
  const viewport = turned.length === 0 ? base?.flow.viewport : views[leadOf(context, views, turned)];
  const graph = { nodes: part('nodes'), edges: part('edges') } as FlowContent['flow'];
  const { repaired, nodes, edges } = repairGraph(graph, base ? [base.flow, ...graphs] : graphs);
  return { flow: entriesOf([...own, ['nodes', nodes], ['edges', edges], ['viewport', viewport]]), repaired };
}

/** A deletion stands against an edit that it did not see; else it is a field like others. */
function mergeDeletion(context: MergeContext, { base, sides }: FlowSides): Fields {
  const isDeleted = (flow: FlowContent | null) => flow?.deleted === true;
  const deleted = sides.map(isDeleted);
  const by = changedSides(context, isDeleted(base), deleted);
  if (by.length === 0 && !isDeleted(base)) return {};
  const isNew = !context.based || !isDeleted(base);
  const edits = context.changes.flatMap((change) => change.by);
  const isDisputed = context.based
    ? isNew && edits.some((index) => !deleted[index]) && deleted.includes(true)
    : !agree(deleted, by);
  if (by.length > 0) {
    context.changes.push({
      path: ['deleted'],
      base: isDeleted(base),
      sides: deleted,
      by,
      conflict: isDisputed,
    });
  }
  const remains = by.length === 0 ? true : !isDisputed && deleted[by[0] ?? 0] === true;
  if (!remains) return {};
  const notes = sides
    .filter(isDeleted)
    .map((side) => entriesOf(deletionFields.map((key) => [key, memberOf(side, key)])));
  return notes.reduce((last, note) => (lastWord(note) > lastWord(last) ? note : last), notes[0] ?? {});
}

/** Two deletions are one, with the word of the last. */
function lastWord(note: Fields): string {
  return canonicalJson([note.deletedAt ?? '', note]);
}

function mergeFields(context: MergeContext, { base, sides }: FlowSides): Fields {
  const special = (key: string) => key === 'flow' || deletionFields.includes(key);
  return entriesOf(
    keysOf([base, ...sides], special).map((key) => {
      const before = memberOf(base, key);
      const values = sides.map((side) => memberOf(side, key));
      const rule = Object.hasOwn(bookkeepingRules, key) ? bookkeepingRules[key] : undefined;
      if (rule) return [key, rule(context, before, values)];
      if (key !== 'tags')
        return [key, mergeValue(context, [key], { base: before, sides: values, rules: fieldRules })];
      const by = changedSides(context, before, values);
      const isDisputed = !context.based && !agree(values, by);
      if (by.length > 0 && (context.based || isDisputed)) {
        context.changes.push({ path: [key], base: before, sides: values, by, conflict: isDisputed });
      }
      return [key, mergeTags(context, before, values)];
    }),
  );
}

const placeOf = ({ path }: MergeChange) => path.join('\u0000');

/** Everything that differs, place by place, with the merge. For `mergeFlows` and `diff3`. */
export function walkFlows(given: FlowSides): FlowMerge & { changes: MergeChange[] } {
  const base = given.base && flowContent(given.base);
  const sides = given.sides.map(flowContent);
  const context: MergeContext = {
    based: base !== null,
    times: sides.map(({ updatedAt }) => updatedAt),
    changes: [],
  };
  const { flow, repaired } = mergeGraph(context, { base, sides });
  const fields = mergeFields(context, { base, sides });
  const deletion = mergeDeletion(context, { base, sides });
  const merged = { ...fields, ...deletion, flow } as unknown as FlowContent;
  const changes = context.changes.toSorted((a, b) => (placeOf(a) < placeOf(b) ? -1 : 1));
  const conflicts = changes
    .filter(({ conflict }) => conflict)
    .map(({ path, base: before, sides: values }) => ({ path, base: before, sides: values }));
  return { merged, conflicts, repaired, changes };
}

/**
 * Merges flows three ways: nodes and edges by id, everything by field; positions move as one, tags are a set, other
 * lists are whole. Times, devices, version numbers and the viewport are never a conflict and come from the sides. The
 * order of the sides never matters, and merging a merge with one of its sides gives the merge.
 */
export function mergeFlows(given: FlowSides): FlowMerge {
  const { merged, conflicts, repaired } = walkFlows(given);
  return { merged, conflicts, repaired };
}
