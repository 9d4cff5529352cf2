import { view, type View } from './view.ts';

/** Runs recorded by clients and runs of the server's engine read alike. */
const run = "if ((doc.type !== 'execution' && doc.type !== 'run') || doc.deleted === true) return;";
const started = `${run}\nif (typeof doc.startedAt !== 'string') return;`;

/** Milliseconds; from the times where none was recorded, null where it cannot be known. */
const duration = `
var duration = typeof doc.duration === 'number' ? doc.duration : Date.parse(doc.completedAt) - Date.parse(doc.startedAt);
if (!(duration >= 0)) duration = null;
`;

const summary = `
var value = {};
for (var field of ['flowId', 'flowName', 'flowVersion', 'status', 'trigger', 'startedAt', 'completedAt', 'duration', 'tokensUsed', 'apiCallCount']) {
  if (doc[field] !== undefined) value[field] = doc[field];
}
if (typeof doc.error === 'string') value.error = doc.error.slice(0, 300);
`;

const number = (field: string): string => `typeof doc.${field} === 'number' ? doc.${field} : 0`;

/** Views of a month's runs. What was deleted softly is left out everywhere. */
export const runsViews: Record<string, View> = {
  /** Counts are of all runs; one whose duration is unknown, such as one still running, adds nothing to the sum. */
  executions_by_flow_status: view(
    `${run}\n${duration}\nemit([doc.flowId, doc.status], duration === null ? 0 : duration);`,
    '_stats',
  ),
  /** For averages: completed runs whose duration is known. */
  durations_by_flow: view(
    `${run}\nif (doc.status !== 'completed') return;\n${duration}\nif (duration !== null) emit(doc.flowId, duration);`,
    '_stats',
  ),
  tokens_by_flow: view(`${run}\nemit(doc.flowId, ${number('tokensUsed')});`, '_stats'),
  api_calls_by_flow: view(`${run}\nemit(doc.flowId, ${number('apiCallCount')});`, '_stats'),
  executions_by_hour: view(`${started}\nemit(parseInt(doc.startedAt.slice(11, 13), 10), null);`, '_count'),
  executions_by_day: view(`${started}\nemit(doc.startedAt.slice(0, 10), null);`, '_count'),
  /** The greatest start of a flow's runs, in milliseconds since 1970: the `max` of `_stats`. */
  last_run: view(
    `${started}\nvar at = Date.parse(doc.startedAt);\nif (at === at) emit(doc.flowId, at);`,
    '_stats',
  ),
  /** Lists; read them descending for the newest first, with `reduce` for how many. */
  executions_by_started: view(`${started}\n${summary}\nemit(doc.startedAt, value);`, '_count'),
  executions_by_flow: view(`${started}\n${summary}\nemit([doc.flowId, doc.startedAt], value);`, '_count'),
  executions_by_status: view(`${started}\n${summary}\nemit([doc.status, doc.startedAt], value);`, '_count'),
};
