import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Log } from '../log.ts';
import type { Access } from '../spaces/spaces.ts';
import { endsMembership, type EndReason, type OpenRequest } from './open-requests.ts';
import {
  engineUnavailable,
  membershipChanged,
  membershipEnded,
  ReplicationError,
} from './replication-error.ts';
import type { RequestTarget } from './request-target.ts';
import type { ProxyRoute } from './route-table.ts';

/** An authorised request on its way through the proxy. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly open: OpenRequest;
  readonly log: Log;
  readonly access: Access;
  readonly target: RequestTarget;
  readonly route: ProxyRoute;
  /** Checked, for the engine. */
  readonly query: [string, string][];
  /** Unix seconds, or Infinity. */
  readonly expiresAt: number;
  /** Aborts the engine's side. */
  readonly controller: AbortController;
}

/** Which feed a request asks for, or null for one that answers and is done. */
export function feedOf(query: [string, string][]): 'longpoll' | 'continuous' | null {
  const feed = query.find(([name]) => name === 'feed')?.[1];
  return feed === 'longpoll' || feed === 'continuous' ? feed : null;
}

/** What a client is told whose request was ended before it was answered. */
export function endedError(reason: EndReason): ReplicationError {
  if (endsMembership(reason)) return membershipEnded(reason);
  // The next request is judged by what holds then: a PouchDB goes on after this answer.
  if (reason === 'membership_changed') return membershipChanged();
  if (reason === 'closing') return engineUnavailable();
  const text = reason === 'expired' ? 'The access token has expired.' : 'The session has ended.';
  return new ReplicationError(401, 'unauthorized', text);
}
