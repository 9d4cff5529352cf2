import type { Couch } from '../couch/couch.ts';
import type { Exchange } from './exchange.ts';
import { engineTarget } from './request-target.ts';
import type { EngineRequest } from './upstream.ts';

type EngineHeaders = Record<string, string>;

/** What the engine is told of a request: who asks, in the server's own words, and the conditions that he set. */
export async function engineHeaders(
  exchange: Exchange,
  couch: Pick<Couch, 'engineToken'>,
): Promise<EngineHeaders> {
  const { access, request, route } = exchange;
  const token = await couch.engineToken({ userId: access.userId, roles: access.engineRoles });
  const isAttachment = route.path === '/:db/:doc/:attachment' && route.method === 'GET';
  const headers: EngineHeaders = {
    authorization: `Bearer ${token}`,
    accept: isAttachment ? '*/*' : 'application/json',
  };
  const passed = isAttachment ? ['if-none-match', 'accept-encoding'] : ['if-none-match', 'if-match'];
  for (const name of passed) {
    const value = request.headers[name];
    if (typeof value === 'string') headers[name] = value;
  }
  return headers;
}

/** A request for the engine, without its body. */
export function engineRequest(exchange: Exchange, headers: EngineHeaders): EngineRequest {
  return {
    method: exchange.route.method,
    target: engineTarget(exchange.target, exchange.query),
    headers,
    signal: exchange.controller.signal,
    feed: false,
  };
}
