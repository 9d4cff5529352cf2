import { matchesSelector } from 'pouchdb-selector-core';
import { badRequest, CouchError, notFound } from './couch-error.ts';
import type { ChangeFilter } from './changes-scan.ts';
import type { Database } from './database.ts';
import { modulesOf, type DesignFunctions } from './design-functions.ts';
import { readDocument } from './documents.ts';
import { isObject } from './document-checks.ts';
import type { Query } from './query-options.ts';
import { tooLong, withTimeLimit } from './time-limit.ts';
import type { UserContext } from './user-context.ts';

export interface FilterRequest {
  query: Query;
  body: Record<string, unknown>;
  user: UserContext;
}

/** What one document may take without being counted: a feed may read ever so many. */
const quickMilliseconds = 2;

function docIds({ query, body }: FilterRequest): ChangeFilter {
  let ids: unknown = body.doc_ids;
  try {
    ids ??= JSON.parse(query.get('doc_ids') ?? 'null');
  } catch {
    throw badRequest('`doc_ids` is not JSON');
  }
  if (!Array.isArray(ids) || !ids.every((id) => typeof id === 'string'))
    throw badRequest('`doc_ids` filter parameter is not a list of strings');
  const wanted = new Set(ids);
  return (document) => wanted.has(document._id);
}

function selector({ body }: FilterRequest, milliseconds: number): ChangeFilter {
  if (!isObject(body.selector)) throw badRequest('Selector must be a JSON object');
  const wanted = body.selector;
  try {
    matchesSelector({ _id: '' }, wanted);
  } catch (error) {
    throw badRequest(error instanceof Error ? error.message : 'invalid selector');
  }
  // Of one request: a pattern may take just under its time for every document.
  let left = milliseconds;
  return (document) => {
    const begun = performance.now();
    try {
      if (left <= 0) throw tooLong();
      return withTimeLimit(Math.ceil(left), () => matchesSelector(document, wanted));
    } finally {
      left -= Math.max(0, performance.now() - begun - quickMilliseconds);
    }
  };
}

function designDocumentParts(name: string | undefined): [id: string, part: string] {
  const parts = (name ?? '').split('/');
  if (parts.length !== 2 || parts.includes('')) throw badRequest('Expected `designname/functionname`');
  return [`_design/${parts[0] as string}`, parts[1] as string];
}

function sourceIn(group: unknown, name: string): unknown {
  return isObject(group) && Object.hasOwn(group, name) ? group[name] : undefined;
}

/** The filter that a feed asks for, null for none; throws 400 or 404 for one that cannot be had. */
export async function createChangeFilter(
  database: Database,
  request: FilterRequest,
  options: { functions: DesignFunctions; milliseconds: number },
): Promise<ChangeFilter | null> {
  const { query } = request;
  const name = query.get('filter');
  if (name === undefined || name === '')
    return request.body.selector === undefined ? null : selector(request, options.milliseconds);
  if (name === '_doc_ids') return docIds(request);
  if (name === '_selector') return selector(request, options.milliseconds);
  if (name === '_design') return (document) => document._id.startsWith('_design/');
  return await designFilter(database, request, name, options.functions);
}

async function designFilter(
  database: Database,
  request: FilterRequest,
  name: string,
  functions: DesignFunctions,
): Promise<ChangeFilter> {
  const { query, user } = request;
  const byView = name === '_view';
  const [designId, part] = designDocumentParts(byView ? query.get('view') : name);
  const design = await database.use((handle) => readDocument(handle, designId));
  const view = byView ? sourceIn(design.views, part) : undefined;
  const source = byView ? sourceIn(view, 'map') : sourceIn(design.filters, part);
  if (typeof source !== 'string') throw notFound('missing json key: filters');
  const run = functions.get(source, modulesOf(design));
  const context = JSON.stringify({
    query: Object.fromEntries(query),
    userCtx: { db: database.name, name: user.name, roles: user.roles },
  });
  return (document) => {
    try {
      const outcome = run.call(
        byView ? `[${JSON.stringify(document)}]` : `[${JSON.stringify(document)},${context}]`,
      );
      return byView ? outcome.emitted.length > 0 : Boolean(outcome.value);
    } catch (error) {
      throw new CouchError(400, 'filter_error', error instanceof Error ? error.message : 'the filter failed');
    }
  };
}
