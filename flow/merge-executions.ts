import { canonicalJson, textOf } from './canonical-json.ts';
import { equalJson, isPlainObject } from './equal-json.ts';
import { either, greater, joinFields, lesser, type Join } from './join.ts';
import { documentContent } from './document-content.ts';
import type { MergeRules } from './merge-rules.ts';

type Fields = Record<string, unknown>;

function timeOf(entry: unknown): string {
  if (!isPlainObject(entry)) return '';
  const { timestamp, executedAt } = entry;
  return textOf(timestamp) || textOf(executedAt);
}

/** Entries of both; of equal ones as many as the side that has more. In the order of their times, where they tell. */
const union: Join = (a, b) => {
  if (!Array.isArray(a) || !Array.isArray(b)) return either(a, b);
  if (equalJson(a, b)) return a;
  const [longer, shorter] = longerFirst(a, b);
  const counts = new Map<string, number>();
  for (const entry of longer) counts.set(canonicalJson(entry), (counts.get(canonicalJson(entry)) ?? 0) + 1);
  const added = shorter.filter((entry) => {
    const key = canonicalJson(entry);
    const left = counts.get(key) ?? 0;
    counts.set(key, left - 1);
    return left <= 0;
  });
  if (added.length === 0) return longer;
  return [...longer, ...added].toSorted((left, right) => {
    const [x, y] = [timeOf(left), timeOf(right)];
    if (x !== y) return x < y ? -1 : 1;
    return canonicalJson(left) < canonicalJson(right) ? -1 : Number(!equalJson(left, right));
  });
};

function longerFirst(a: unknown[], b: unknown[]): [unknown[], unknown[]] {
  if (a.length !== b.length) return a.length > b.length ? [a, b] : [b, a];
  return canonicalJson(a) >= canonicalJson(b) ? [a, b] : [b, a];
}

const greaterMembers: Join = (a, b) => {
  if (!isPlainObject(a) || !isPlainObject(b)) return either(a, b);
  return joinFields([a, b], (key) => [key, greater]);
};

/** How far a run has come, the furthest last; of two endings, completed says most. */
const states = ['running', 'cancelled', 'failed', 'completed'];

/** Whether a run's state prevails over another's: an ended one over a running one, then the later ending. */
function prevails(a: Fields, b: Fields): boolean {
  const rankOf = (run: Fields): string =>
    canonicalJson([
      run.status === 'running' ? 0 : 1,
      textOf(run.completedAt),
      states.indexOf(textOf(run.status)),
      endingOf(run),
    ]);
  return rankOf(a) >= rankOf(b);
}

/** What belongs to how a run ended, and comes from one side whole. */
const endingFields = [
  'status',
  'completedAt',
  'output',
  'error',
  'errorStack',
  'errorType',
  'failedNodeId',
  'failedNodeName',
];

function endingOf(run: Fields): Fields {
  return Object.fromEntries(
    endingFields.filter((key) => run[key] !== undefined).map((key) => [key, run[key]]),
  );
}

const runFields: Readonly<Record<string, Join>> = {
  startedAt: lesser,
  duration: greater,
  tokensUsed: greater,
  apiCallCount: greater,
  cacheHits: greater,
  cacheMisses: greater,
  retryCount: greater,
  dataSize: greater,
  nodeExecutionTimes: greaterMembers,
  results: union,
  logs: union,
  warnings: union,
  tags: union,
  deleted: either,
  deletedAt: greater,
};

/**
 * Runs: one that has ended is never running again, the later ending prevails with all that it says, figures only grow,
 * and results and logs are those of both. There is nothing to ask anybody.
 */
export const executionRules: MergeRules = {
  needsBase: false,
  keepsVersions: false,
  same: (a, b) => equalJson(documentContent(a), documentContent(b)),
  combine(_base, sides) {
    const [a, b] = [documentContent(sides[0]), documentContent(sides[1])];
    const ending = endingOf(prevails(a, b) ? a : b);
    const rest = joinFields([a, b], (key) => [
      key,
      Object.hasOwn(runFields, key) ? (runFields[key] ?? either) : either,
    ]);
    const others = Object.entries(rest).filter(([key]) => !endingFields.includes(key));
    return { content: { ...Object.fromEntries(others), ...ending }, conflicts: [], repaired: [] };
  },
};
