import { textOf } from './canonical-json.ts';
import { documentContent } from './document-content.ts';
import { equalJson, isPlainObject } from './equal-json.ts';
import { either, joinFields, lesser, type Join } from './join.ts';
import type { MergeRules } from './merge-rules.ts';
import type { LeafDocument } from './revision-graph.ts';

type Fields = Record<string, unknown>;

/** Field by field where both were written at the same time. */
const eitherMembers: Join = (a, b) =>
  isPlainObject(a) && isPlainObject(b) ? joinFields([a, b], (key) => [key, eitherMembers]) : either(a, b);

/** What the earlier one says and the later one does not. */
const laterMembers: Join = (later, earlier) => {
  if (!isPlainObject(later) || !isPlainObject(earlier)) return later ?? earlier;
  return joinFields([later, earlier], (key) => [key, laterMembers]);
};

/** Merges by the time of writing: `byLater` gets the later one first. */
function byTime(byLater: (later: Fields, earlier: Fields) => Fields, same: Join): MergeRules {
  return {
    needsBase: false,
    keepsVersions: false,
    same: (a, b) => equalJson(documentContent(a), documentContent(b)),
    combine(_base, sides) {
      const [a, b] = [documentContent(sides[0]), documentContent(sides[1])];
      const [x, y] = sides.map(({ updatedAt }: LeafDocument) => textOf(updatedAt)) as [string, string];
      const content = x === y ? (same(a, b) as Fields) : x > y ? byLater(a, b) : byLater(b, a);
      return { content, conflicts: [], repaired: [] };
    },
  };
}

function firstMade(a: Fields, b: Fields): Fields {
  return joinFields([{ createdAt: a.createdAt }, { createdAt: b.createdAt }], (key) => [key, lesser]);
}

/** Devices: the later word; the device was there since the earlier. */
export const deviceRules: MergeRules = byTime(
  (later, earlier) => ({ ...later, ...firstMade(later, earlier) }),
  (a, b) => ({ ...(eitherMembers(a, b) as Fields), ...firstMade(a as Fields, b as Fields) }),
);

/** Settings: each field by the later word that says anything of it. */
export const settingsRules: MergeRules = byTime(
  (later, earlier) => laterMembers(later, earlier) as Fields,
  eitherMembers,
);
