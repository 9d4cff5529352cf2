import { canonicalJson, textOf } from './canonical-json.ts';
import { documentContent } from './document-content.ts';
import { equalJson, isPlainObject } from './equal-json.ts';
import { joinFields, lesser } from './join.ts';
import type { MergeRules } from './merge-rules.ts';
import type { LeafDocument } from './revision-graph.ts';

type Fields = Record<string, unknown>;

function updatedAtOf(document: LeafDocument): string {
  return textOf(document.updatedAt);
}

/** The one that was written later; of two at the same time, the one that says more in order. */
function laterFirst(sides: readonly [LeafDocument, LeafDocument]): [Fields, Fields] {
  const [a, b] = sides;
  const [x, y] = [updatedAtOf(a), updatedAtOf(b)];
  const isFirst = x === y ? canonicalJson(documentContent(a)) >= canonicalJson(documentContent(b)) : x > y;
  return isFirst ? [documentContent(a), documentContent(b)] : [documentContent(b), documentContent(a)];
}

/** Devices: the later word; the device was there since the earlier. */
export const deviceRules: MergeRules = {
  needsBase: false,
  keepsVersions: false,
  same: (a, b) => equalJson(documentContent(a), documentContent(b)),
  combine(_base, sides) {
    const [later, earlier] = laterFirst(sides);
    const createdAt = joinFields([{ at: later.createdAt }, { at: earlier.createdAt }], (key) => [
      key,
      lesser,
    ]).at;
    return { content: { ...later, createdAt }, conflicts: [], repaired: [] };
  },
};

function laterMembers(later: unknown, earlier: unknown): unknown {
  if (!isPlainObject(later) || !isPlainObject(earlier)) return later ?? earlier;
  const keys = [...new Set([...Object.keys(later), ...Object.keys(earlier)])].toSorted();
  return Object.fromEntries(keys.map((key) => [key, laterMembers(later[key], earlier[key])]));
}

/** Settings: each field by the later word that says anything of it. */
export const settingsRules: MergeRules = {
  needsBase: false,
  keepsVersions: false,
  same: (a, b) => equalJson(documentContent(a), documentContent(b)),
  combine(_base, sides) {
    const [later, earlier] = laterFirst(sides);
    return { content: laterMembers(later, earlier) as Fields, conflicts: [], repaired: [] };
  },
};
