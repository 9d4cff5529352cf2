import { mergeMarks, serverOnlyFields, type FlowContent } from '../schema/index.ts';
import { entriesById, type GraphEntry } from './entries-by-id.ts';
import { equalJson } from './equal-json.ts';

/** Which entries of a list with ids differ; `fields` names what changed inside an entry. */
export interface ListDiff {
  added: string[];
  removed: string[];
  changed: { id: string; fields: string[] }[];
}

/** What differs between two flows, to show a person or to decide whether they conflict. */
export interface FlowDiff {
  /** Names of fields outside the graph. */
  fields: string[];
  nodes: ListDiff;
  edges: ListDiff;
  /** Whether only the look at the graph moved. */
  viewport: boolean;
  /** Names of an application's own fields beside nodes, edges and viewport. */
  graphFields: string[];
}

function changedKeys(a: object, b: object, ignored: ReadonlySet<string>): string[] {
  const left = a as Record<string, unknown>;
  const right = b as Record<string, unknown>;
  const keys = new Set([...Object.keys(left), ...Object.keys(right)]);
  return [...keys].filter((key) => !ignored.has(key) && !equalJson(left[key], right[key])).toSorted();
}

const nothing: ReadonlySet<string> = new Set();

function diffLists(a: readonly GraphEntry[], b: readonly GraphEntry[]): ListDiff {
  const left = entriesById(a);
  const right = entriesById(b);
  const both = [...left].filter(([id]) => right.has(id));
  return {
    added: [...right.keys()].filter((id) => !left.has(id)),
    removed: [...left.keys()].filter((id) => !right.has(id)),
    changed: both
      .map(([id, entry]) => ({ id, fields: changedKeys(entry, right.get(id) as GraphEntry, nothing) }))
      .filter(({ fields }) => fields.length > 0),
  };
}

const graphParts = new Set(['nodes', 'edges', 'viewport']);

/** Compares two flows or documents field by field, nodes and edges by id; the engine's own `_` fields are no content. */
export function diffFlows(a: FlowContent, b: FlowContent): FlowDiff {
  const engine = [...Object.keys(a), ...Object.keys(b)].filter((key) => key.startsWith('_'));
  return {
    fields: changedKeys(a, b, new Set(['flow', 'revision', ...serverOnlyFields, ...mergeMarks, ...engine])),
    nodes: diffLists(a.flow.nodes, b.flow.nodes),
    edges: diffLists(a.flow.edges, b.flow.edges),
    viewport: !equalJson(a.flow.viewport, b.flow.viewport),
    graphFields: changedKeys(a.flow, b.flow, graphParts),
  };
}
