import { badRequest, notFound } from './replication-error.ts';

/** The shapes of path that the proxy knows; everything else is refused while parsing. */
export type PathPattern =
  | '/'
  | '/:db'
  | '/:db/_changes'
  | '/:db/_revs_diff'
  | '/:db/_bulk_get'
  | '/:db/_bulk_docs'
  | '/:db/_all_docs'
  | '/:db/_bootstrap'
  | '/:db/_local/:checkpoint'
  | '/:db/:doc'
  | '/:db/:doc/:attachment';

/** A request's address, taken apart and decoded once. */
export interface RequestTarget {
  pattern: PathPattern;
  /** Empty for the root. */
  database: string;
  /** The parts after the database, decoded; attachment names keep their slashes as parts. */
  parts: string[];
  query: [name: string, value: string][];
}

const endpoints: ReadonlyMap<string, PathPattern> = new Map([
  ['_changes', '/:db/_changes'],
  ['_revs_diff', '/:db/_revs_diff'],
  ['_bulk_get', '/:db/_bulk_get'],
  ['_bulk_docs', '/:db/_bulk_docs'],
  ['_all_docs', '/:db/_all_docs'],
  ['_bootstrap', '/:db/_bootstrap'],
]);
const longestTarget = 8192;
const databaseName = /^[a-z][a-z0-9-]{0,239}$/;
/** PouchDB's replication ids (base64 of an MD5 with `.` and `_`), and CouchDB's (its hex). */
const checkpointId = /^(?:[A-Za-z0-9._]{22}==|[0-9a-f]{32})$/;
const needlessEscape = /%(?:2[dDeE]|3[0-9]|4[1-9a-fA-F]|5[0-9aAfF]|6[1-9a-fA-F]|7[0-9aAeE])/;
const unsafeText = /[\p{Cc}/\\\ufffd]|%[0-9a-fA-F]{2}/u;

/** Decodes one part of a path; refuses what has a second spelling, so that nothing is read differently further on. */
function decodePart(raw: string): string {
  if (needlessEscape.test(raw)) throw notFound();
  let part: string;
  try {
    part = decodeURIComponent(raw);
  } catch {
    throw badRequest('The path is not valid percent-encoded UTF-8.');
  }
  if (part === '' || part === '.' || part === '..' || unsafeText.test(part)) throw notFound();
  return part;
}

function patternOf(parts: string[]): PathPattern {
  const [first, second] = parts;
  const endpoint = second === undefined ? endpoints.get(first ?? '') : undefined;
  if (endpoint !== undefined) return endpoint;
  if (first === '_local' && second !== undefined && parts.length === 2 && checkpointId.test(second)) {
    return '/:db/_local/:checkpoint';
  }
  if (parts.some((part) => part.startsWith('_'))) throw notFound();
  return second === undefined ? '/:db/:doc' : '/:db/:doc/:attachment';
}

/** Parses a raw `req.url` as seen below the mount point; throws ReplicationError (400, 404) for what cannot be meant. */
export function parseRequestTarget(url: string): RequestTarget {
  if (url.length > longestTarget || !url.startsWith('/'))
    throw badRequest('The address is too long or malformed.');
  const mark = url.indexOf('?');
  const path = mark < 0 ? url : url.slice(0, mark);
  const query = mark < 0 ? [] : [...new URLSearchParams(url.slice(mark + 1))];
  if (path === '/') return { pattern: '/', database: '', parts: [], query };
  const [database = '', ...rest] = path.slice(1).split('/');
  if (!databaseName.test(database)) throw notFound();
  if (rest.length === 0 || (rest.length === 1 && rest[0] === '')) {
    return { pattern: '/:db', database, parts: [], query };
  }
  const parts = rest.map(decodePart);
  return { pattern: patternOf(parts), database, parts, query };
}

/** The same address for the engine, encoded anew from its parts. */
export function engineTarget(target: RequestTarget, query: [string, string][]): string {
  const path = ['', target.database, ...target.parts].map(encodeURIComponent).join('/');
  if (query.length === 0) return path;
  return `${path}?${query.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&')}`;
}
