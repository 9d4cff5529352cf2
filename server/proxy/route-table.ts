import type { Role } from '../spaces/spaces.ts';
import { queryRules, type QueryRules } from './query-rules.ts';
import { notFound, ReplicationError } from './replication-error.ts';
import type { PathPattern } from './request-target.ts';

/** How a request's body is treated: not read, checked as JSON while it streams, judged document by document, or passed on. */
export type BodyKind = 'none' | 'json' | 'document' | 'checkpoint' | 'bulk-docs' | 'attachment';

export interface ProxyRoute {
  method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE';
  path: PathPattern;
  /** The least role in the database's space. `_bulk_docs` answers viewers document by document. */
  role: Role;
  /** What an API key must be allowed. A checkpoint is no data: readers write theirs. */
  scope: 'read' | 'write';
  body: BodyKind;
  query: QueryRules;
}

/** Everything that the proxy lets through, which is what a default PouchDB asks for. What is not here is refused. */
export const proxyRoutes: readonly ProxyRoute[] = [
  { method: 'GET', path: '/:db', role: 'viewer', scope: 'read', body: 'none', query: queryRules.none },
  { method: 'HEAD', path: '/:db', role: 'viewer', scope: 'read', body: 'none', query: queryRules.none },
  { method: 'PUT', path: '/:db', role: 'viewer', scope: 'read', body: 'none', query: queryRules.none },
  {
    method: 'GET',
    path: '/:db/_changes',
    role: 'viewer',
    scope: 'read',
    body: 'none',
    query: queryRules.changes,
  },
  {
    method: 'POST',
    path: '/:db/_changes',
    role: 'viewer',
    scope: 'read',
    body: 'json',
    query: queryRules.changes,
  },
  {
    method: 'POST',
    path: '/:db/_revs_diff',
    role: 'viewer',
    scope: 'read',
    body: 'json',
    query: queryRules.none,
  },
  {
    method: 'POST',
    path: '/:db/_bulk_get',
    role: 'viewer',
    scope: 'read',
    body: 'json',
    query: queryRules.bulkGet,
  },
  {
    method: 'POST',
    path: '/:db/_bulk_docs',
    role: 'viewer',
    scope: 'write',
    body: 'bulk-docs',
    query: queryRules.none,
  },
  {
    method: 'GET',
    path: '/:db/_all_docs',
    role: 'viewer',
    scope: 'read',
    body: 'none',
    query: queryRules.allDocs,
  },
  {
    method: 'POST',
    path: '/:db/_all_docs',
    role: 'viewer',
    scope: 'read',
    body: 'json',
    query: queryRules.allDocs,
  },
  {
    method: 'GET',
    path: '/:db/_bootstrap',
    role: 'viewer',
    scope: 'read',
    body: 'none',
    query: queryRules.bootstrap,
  },
  {
    method: 'GET',
    path: '/:db/_local/:checkpoint',
    role: 'viewer',
    scope: 'read',
    body: 'none',
    query: queryRules.none,
  },
  {
    method: 'PUT',
    path: '/:db/_local/:checkpoint',
    role: 'viewer',
    scope: 'read',
    body: 'checkpoint',
    query: queryRules.none,
  },
  {
    method: 'GET',
    path: '/:db/:doc',
    role: 'viewer',
    scope: 'read',
    body: 'none',
    query: queryRules.document,
  },
  {
    method: 'HEAD',
    path: '/:db/:doc',
    role: 'viewer',
    scope: 'read',
    body: 'none',
    query: queryRules.document,
  },
  {
    method: 'PUT',
    path: '/:db/:doc',
    role: 'editor',
    scope: 'write',
    body: 'document',
    query: queryRules.revision,
  },
  {
    method: 'DELETE',
    path: '/:db/:doc',
    role: 'editor',
    scope: 'write',
    body: 'none',
    query: queryRules.revision,
  },
  {
    method: 'GET',
    path: '/:db/:doc/:attachment',
    role: 'viewer',
    scope: 'read',
    body: 'none',
    query: queryRules.revision,
  },
  {
    method: 'PUT',
    path: '/:db/:doc/:attachment',
    role: 'editor',
    scope: 'write',
    body: 'attachment',
    query: queryRules.revision,
  },
  {
    method: 'DELETE',
    path: '/:db/:doc/:attachment',
    role: 'editor',
    scope: 'write',
    body: 'none',
    query: queryRules.revision,
  },
];

const rank: Record<Role, number> = { viewer: 0, editor: 1, owner: 2 };

/** The route of a method and path; throws 405 with `Allow` where only the method is wrong, else 404. */
export function findRoute(method: string | undefined, path: PathPattern): ProxyRoute {
  const candidates = proxyRoutes.filter((route) => route.path === path);
  const route = candidates.find((candidate) => candidate.method === method);
  if (route) return route;
  if (candidates.length === 0) throw notFound();
  const allow = candidates.map((candidate) => candidate.method).join(',');
  throw new ReplicationError(405, 'method_not_allowed', `Only ${allow} allowed`, { headers: { allow } });
}

export function roleSuffices(role: Role, least: Role): boolean {
  return rank[role] >= rank[least];
}
