import { ReplicationError } from './replication-error.ts';

/** Checks one value and gives the one for the engine; throws ReplicationError. */
type QueryRule = (value: string, name: string) => string;
export type QueryRules = Readonly<Record<string, QueryRule>>;

function parseError(reason: string): ReplicationError {
  return new ReplicationError(400, 'query_parse_error', reason);
}

const flag: QueryRule = (value, name) => {
  if (value !== 'true' && value !== 'false') throw parseError(`\`${name}\` must be true or false.`);
  return value;
};

const count: QueryRule = (value, name) => {
  if (!/^\d{1,9}$/.test(value)) throw parseError(`\`${name}\` must be a number, 0 or more.`);
  return value;
};

const json: QueryRule = (value, name) => {
  try {
    JSON.parse(value);
  } catch {
    throw parseError(`\`${name}\` must be JSON.`);
  }
  return value;
};

const text: QueryRule = (value) => value;

function oneOf(...allowed: string[]): QueryRule {
  return (value, name) => {
    if (!allowed.includes(value)) throw parseError(`\`${name}\` must be one of ${allowed.join(', ')}.`);
    return value;
  };
}

/** Milliseconds between bounds: what is outside is moved to the nearest bound. */
function between(least: number, most: number): QueryRule {
  return (value, name) => String(Math.min(most, Math.max(least, Number(count(value, name)))));
}

const heartbeat = between(1000, 60_000);
const revision: QueryRule = (value) => {
  if (!/^\d{1,15}-[^\s/?#]{1,64}$/.test(value))
    throw new ReplicationError(400, 'bad_request', 'Invalid rev format');
  return value;
};
const openRevs: QueryRule = (value, name) => (value === 'all' ? value : json(value, name));

/** The query parameters of each kind of endpoint: those that PouchDB sends, and their harmless kin. */
export const queryRules = {
  none: {},
  changes: {
    feed: oneOf('normal', 'longpoll', 'continuous'),
    filter: oneOf('_doc_ids', '_selector'),
    doc_ids: json,
    since: text,
    limit: count,
    style: oneOf('main_only', 'all_docs'),
    heartbeat: (value, name) => (value === 'true' ? '60000' : heartbeat(value, name)),
    timeout: between(0, 60_000),
    include_docs: flag,
    attachments: flag,
    conflicts: flag,
    descending: flag,
    seq_interval: count,
    update_seq: flag,
  },
  bootstrap: { since: text, limit: between(1, 2000) },
  bulkGet: { revs: flag, attachments: flag, latest: flag },
  allDocs: {
    key: json,
    keys: json,
    startkey: json,
    endkey: json,
    inclusive_end: flag,
    include_docs: flag,
    attachments: flag,
    conflicts: flag,
    descending: flag,
    update_seq: flag,
    limit: count,
    skip: count,
  },
  document: {
    rev: revision,
    revs: flag,
    revs_info: flag,
    open_revs: openRevs,
    latest: flag,
    conflicts: flag,
    deleted_conflicts: flag,
    attachments: flag,
    update_seq: flag,
  },
  revision: { rev: revision },
} satisfies Record<string, QueryRules>;

/** Old Edge and Internet Explorer defeat their cache with this one; it means nothing. */
const ignored = new Set(['_nonce']);

/** The query for the engine: known names only, each once. An unknown one is refused, as leaving it out would change what was asked. */
export function checkQuery(rules: QueryRules, query: [string, string][]): [string, string][] {
  const seen = new Set<string>();
  const checked: [string, string][] = [];
  for (const [name, value] of query) {
    if (ignored.has(name)) continue;
    const rule = Object.hasOwn(rules, name) ? rules[name] : undefined;
    if (!rule) throw parseError('The query has a parameter that is not supported here.');
    if (seen.has(name)) throw parseError(`\`${name}\` is given twice.`);
    seen.add(name);
    checked.push([name, rule(value, name)]);
  }
  return checked;
}
