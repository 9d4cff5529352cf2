import type { GraphEntry } from './entries-by-id.ts';
import { memberOf } from './equal-json.ts';
import { walkFlows, type FlowSides } from './merge-flows.ts';
import type { Repair } from './repair-graph.ts';
import type { MergeChange } from './three-way.ts';

/** What became of one node or edge: what each side changed in it, place by place. */
export interface EntryDiff3 {
  id: string;
  /** `data.label` or `data.name` of a node, to show a person. */
  label?: string;
  state: 'added' | 'removed' | 'changed';
  /** Places of the sides that touched it. */
  by: number[];
  conflict: boolean;
  changes: MergeChange[];
}

/** Three or more sides of a flow against each other, for a screen that shows a conflict. */
export interface FlowDiff3 {
  /** Fields outside nodes and edges. */
  fields: MergeChange[];
  nodes: EntryDiff3[];
  edges: EntryDiff3[];
  /** What a merge would have to mend. */
  repaired: Repair[];
  /** How many places somebody has to choose for. */
  conflicts: number;
}

function labelOf(values: readonly unknown[]): string | undefined {
  const texts = values.flatMap((value) => {
    const data = memberOf(value, 'data');
    return [memberOf(data, 'label'), memberOf(data, 'name')];
  });
  return texts.find((text): text is string => typeof text === 'string' && text !== '');
}

function stateOf(changes: readonly MergeChange[]): EntryDiff3['state'] {
  const [whole] = changes.filter(({ path }) => path.length === 3);
  if (!whole) return 'changed';
  if (whole.sides.includes(undefined) && whole.base !== undefined) return 'removed';
  return whole.base === undefined ? 'added' : 'changed';
}

function entryDiffs(
  list: 'nodes' | 'edges',
  changes: readonly MergeChange[],
  given: FlowSides,
): EntryDiff3[] {
  const inList = changes.filter(({ path }) => path[0] === 'flow' && path[1] === list && path.length > 2);
  const ids = [...new Set(inList.map(({ path }) => path[2] ?? ''))];
  const versions = [given.base, ...given.sides].flatMap((flow): GraphEntry[] => flow?.flow[list] ?? []);
  return ids.map((id) => {
    const own = inList.filter(({ path }) => path[2] === id);
    const label = list === 'nodes' ? labelOf(versions.filter((entry) => entry.id === id)) : undefined;
    return {
      id,
      ...(label === undefined ? {} : { label }),
      state: stateOf(own),
      by: [...new Set(own.flatMap(({ by }) => by))].toSorted((a, b) => a - b),
      conflict: own.some(({ conflict }) => conflict),
      changes: own,
    };
  });
}

/** Shows what each side changed, and where they disagree. `by` and `sides` follow the order in which sides are given. */
export function diff3(given: FlowSides): FlowDiff3 {
  const { changes, repaired } = walkFlows(given);
  const isEntry = ({ path }: MergeChange) =>
    path[0] === 'flow' && (path[1] === 'nodes' || path[1] === 'edges') && path.length > 2;
  return {
    fields: changes.filter((change) => !isEntry(change)),
    nodes: entryDiffs('nodes', changes, given),
    edges: entryDiffs('edges', changes, given),
    repaired,
    conflicts: changes.filter(({ conflict }) => conflict).length,
  };
}
