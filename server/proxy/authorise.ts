import type { IncomingMessage } from 'node:http';
import { parseDatabaseName } from '../../schema/index.ts';
import { hasScope, type Principal } from '../auth/principal.ts';
import type { Access, Spaces } from '../spaces/spaces.ts';
import { checkQuery } from './query-rules.ts';
import { forbidden, membershipEnded, notFound, readOnlyReason } from './replication-error.ts';
import type { RequestTarget } from './request-target.ts';
import { findRoute, roleSuffices, type ProxyRoute } from './route-table.ts';

export interface Authorised {
  access: Access;
  route: ProxyRoute;
  query: [string, string][];
}

/**
 * Looks up what the caller may do with the database, then the route. A database that is not the caller's is
 * 404 before anything else is looked at, so that nothing can be learned about it; whoever had it is told why no more.
 * A client that keeps a copy of a space names the grant that the copy belongs to (`X-Settee-Grant`); others need not.
 */
export async function authorise(
  options: { spaces: Pick<Spaces, 'access' | 'endedFor'>; prefix: string },
  principal: Principal,
  request: IncomingMessage,
  target: RequestTarget,
): Promise<Authorised> {
  const name = parseDatabaseName(target.database, options.prefix);
  if (name === null || name.kind === 'server') throw notFound();
  const access = await options.spaces.access(principal.userId, target.database);
  if (access === null) {
    const end = await options.spaces.endedFor(principal.userId, target.database);
    throw end === null ? notFound() : membershipEnded(end);
  }
  // What was changed under an earlier membership is kept by its browser as copies, and not sent under this one.
  const grant = request.headers['x-settee-grant'];
  if (grant !== undefined && access.grant !== undefined && grant !== access.grant) {
    throw membershipEnded('membership_ended');
  }
  const route = findRoute(request.method, target.pattern);
  if (!hasScope(principal, route.scope)) throw forbidden(`This key may not ${route.scope}.`);
  if (!roleSuffices(access.role, route.role)) throw forbidden(readOnlyReason, 'read_only');
  return { access, route, query: checkQuery(route.query, target.query) };
}
