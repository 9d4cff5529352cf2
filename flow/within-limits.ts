import { utf8ToBytes } from '@noble/hashes/utils.js';
import { limits } from '../schema/index.ts';
import { isPlainObject } from './equal-json.ts';
import type { LeafDocument } from './revision-graph.ts';

/** What merging may make longer than either side, and how long validators let it be. */
const longest: Readonly<Record<string, number>> = {
  tags: limits.tags,
  contributors: limits.contributors,
  versionHistory: limits.versionHistory,
  nodes: limits.nodes,
  edges: limits.edges,
  results: limits.results,
  logs: limits.lines,
  warnings: limits.lines,
};

/** For what an engine adds to a document: its revision and history. */
const engineBytes = 20_000;

/**
 * Whether a server takes the document: two sides that it took may be too much together, and a merge that is refused must
 * not end them.
 */
export function isWithinLimits(document: LeafDocument): boolean {
  const graph = isPlainObject(document.flow) ? document.flow : {};
  const isTooLong = Object.entries(longest).some(([field, most]) =>
    [document[field], graph[field]].some((list) => Array.isArray(list) && list.length > most),
  );
  if (isTooLong) return false;
  const { _attachments: _apart, ...content } = document;
  return utf8ToBytes(JSON.stringify(content)).length <= limits.documentBytes - engineBytes;
}
